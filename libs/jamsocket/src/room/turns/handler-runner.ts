import type { Observable } from 'rxjs';
import { isPromiseLike } from '../../base/after.js';
import type { Client } from '../../members/client.js';
import type { RoomAddress } from '../../members/room-address.js';
import type { RoomLifecycle } from '../../members/room-lifecycle.js';
import type { JamsocketContext } from '../../members/room-context.js';
import type { ObserverSet } from '../../observe/observer-set.js';
import { runCreate } from './create-turn.js';
import { reportCutStream, reportFailure } from './failure.js';
import { failTurn, type Turn } from './turn-failure.js';
import type { TurnMeter } from '../../traffic/turn-meter.js';
import type { ReplyStyle } from '../../replies/reply.js';
import { sendReplies, sendReply } from '../../replies/reply.js';
import type { Handler, RoomDefinition, RoomInstance } from '../room-definition.js';
import type { RoomCall } from '../room-event.js';
import { streamOf } from '../../replies/stream-of.js';
import { TurnRecord } from './turn-record.js';
import { inTurn, switchRunning, type TurningRoom } from './turn-scope.js';
import { InterceptedStream, TurnStreams, type StreamOwner, type TurnBounds } from '../../replies/turn-streams.js';

const PLAIN: ReplyStyle = {};
const NO_TURN = -1;

/** What a room offers to the code that runs its handlers. */
export interface RunnerRoom extends TurningRoom {
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
  readonly context: JamsocketContext;
  /** `null` while no observer is registered. */
  readonly observer: ObserverSet | null;
  /** `null` in a room that is not durable. */
  readonly lifecycle: Pick<RoomLifecycle<Client>, 'turnMayWait' | 'changed' | 'left'> | null;
  now(): number;
}

/** Runs a room's handlers, sends their replies and handles their errors: `run` never throws or rejects. */
export class HandlerRunner implements TurnBounds {
  /** The handler or method that was called last: if a turn times out, this is what it waits for. */
  latest: { readonly name: string } | undefined = undefined;
  #streams: TurnStreams | null = null;
  #hasStopped = false;

  constructor(private readonly room: RunnerRoom) {}

  /** @param onFailure called with an error that no exception filter handled */
  run(
    handler: Handler | undefined,
    client: Client | undefined,
    message: unknown,
    style: ReplyStyle = PLAIN,
    onFailure?: (error: unknown) => void,
  ): void | Promise<void> {
    if (handler === undefined) return;
    this.#streams?.endTurn();
    this.latest = handler;
    const { traffic } = this.room.definition;
    if (!traffic.isCounted) return this.#observe(handler, client, message, style, onFailure);
    const meter = (handler.meter ??= traffic.meterOf(handler.name));
    const times = meter.begin();
    if (times === 0) return this.#observe(handler, client, message, style, onFailure);
    const began = this.room.now();
    return this.#time(meter, began, times, this.#observe(handler, client, message, style, onFailure));
  }

  /** Runs a method call from outside. */
  invoke(call: RoomCall): void | Promise<void> {
    this.#streams?.endTurn();
    this.latest = call;
    if (this.room.lifecycle !== null) this.room.lifecycle.turnMayWait();
    const { traffic } = this.room.definition;
    if (!traffic.isCounted) return this.#observeCall(call);
    const meter = traffic.meterOf(call.name);
    return this.#time(meter, this.room.now(), meter.begin(), this.#observeCall(call));
  }

  #observe(
    handler: Handler,
    client: Client | undefined,
    message: unknown,
    style: ReplyStyle,
    onFailure: ((error: unknown) => void) | undefined,
  ): void | Promise<void> {
    const { observer } = this.room;
    if (observer === null || !observer.wantsTurns)
      return this.#run(handler, client, message, style, onFailure, undefined);
    const record = new TurnRecord(this.room, handler.name, handler.kind, client, message);
    return record.run(observer, () => this.#run(handler, client, message, style, onFailure, record));
  }

  #observeCall(call: RoomCall): void | Promise<void> {
    const { observer } = this.room;
    if (observer === null || !observer.wantsTurns) return call.run(undefined);
    const record = new TurnRecord(this.room, call.name, 'invoke', undefined, undefined, call.runAsCaller);
    return record.run(observer, () => call.run(record));
  }

  /** Tells the meter of the turn's end. @param times 0 for a turn that is not timed */
  #time(meter: TurnMeter, began: number, times: number, turn: void | Promise<void>): void | Promise<void> {
    if (times === 0) return turn;
    const end = () => meter.end(began, this.room.now(), times);
    return turn === undefined ? end() : turn.finally(end);
  }

  #run(
    handler: Handler,
    client: Client | undefined,
    message: unknown,
    style: ReplyStyle,
    onFailure: ((error: unknown) => void) | undefined,
    record: TurnRecord | undefined,
  ): void | Promise<void> {
    let result: unknown;
    if (handler.isAsync && this.room.lifecycle !== null) this.room.lifecycle.turnMayWait();
    const number = this.turn;
    const before = switchRunning(handler.isAsync ? null : this.room);
    try {
      result = handler.isAsync
        ? inTurn(this.room, undefined, () => handler.call(client, message, this.room.context, this))
        : handler.call(client, message, this.room.context, this);
    } catch (error) {
      return failTurn(this.room, error, { handler, client, message, style, number, onFailure, record });
    } finally {
      switchRunning(before);
    }
    if (result === undefined) return;
    return this.#finish(result, { handler, client, message, style, number, onFailure, record });
  }

  /** Runs `@OnCreate`, as `runCreate`. */
  create({ create }: RoomInstance): void | Promise<void> {
    if (create === undefined) return;
    const { traffic } = this.room.definition;
    if (!traffic.isCounted) return runCreate(this.room, create, this);
    const meter = traffic.meterOf(create.name);
    return this.#time(meter, this.room.now(), meter.begin(), runCreate(this.room, create, this));
  }

  fail(
    error: unknown,
    handler: Handler | undefined,
    client: Client,
    message: unknown,
    style: ReplyStyle,
  ): void | Promise<void> {
    return failTurn(this.room, error, { handler, client, message, style, number: this.turn });
  }

  report(error: unknown, handler?: Pick<Handler, 'name'>, client?: Client): void {
    reportFailure(this.room, error, handler, client);
  }

  bind(stream: Observable<unknown>, owner: StreamOwner): Observable<unknown> {
    this.#streams ??= new TurnStreams(this, ({ handler, client }, whose) =>
      reportCutStream(this.room, handler, client, whose),
    );
    return this.#streams.bind(stream, owner);
  }

  /** Ends the client's streams. */
  clientLeft(client: Client): void {
    this.#streams?.clientLeft(client);
  }

  /** Cuts off streams that have not completed. */
  endTurn(): void {
    this.#streams?.endTurn();
  }

  /** The room has stopped: results that its handlers return from now on belong to no turn. */
  stop(): void {
    this.#hasStopped = true;
    this.endTurn();
  }

  get turn(): number {
    return this.#hasStopped ? NO_TURN : this.room.turn;
  }

  #finish(result: unknown, turn: Turn): void | Promise<void> {
    try {
      if (isPromiseLike(result)) {
        if (turn.handler !== undefined) turn.handler.isAsync = true;
        return this.#settle(result, turn);
      }
      if (typeof result === 'object' && result !== null) {
        const replies = this.#repliesOf(result, turn);
        if (replies !== undefined) return replies.catch((error) => failTurn(this.room, error, turn));
      }
      if (turn.client !== undefined) sendReply(turn.client, result, turn.style);
    } catch (error) {
      return failTurn(this.room, error, turn);
    }
  }

  /** Sends every value of a stream as a reply. `undefined` if the result is not a stream. */
  #repliesOf(result: object, turn: Turn): Promise<void> | undefined {
    const { client, style, number } = turn;
    const { name, kind } = turn.handler!;
    const report = (error: unknown) => this.report(error, turn.handler, client);
    const isIntercepted = result instanceof InterceptedStream;
    const values = isIntercepted ? result.values : streamOf(result, report);
    if (values === undefined) return undefined;
    const owner: StreamOwner = {
      handler: name,
      // With interceptors, the inner stream (the method's own) is already bound to the client.
      client: isIntercepted || kind === 'disconnect' ? undefined : client,
      turn: number,
      isWaiting: isIntercepted ? result.isWaiting : undefined,
    };
    // Subscribing runs code of the application, which is part of the turn.
    return inTurn(this.room, undefined, () => sendReplies(this.bind(values, owner), client, style, report));
  }

  /** `await`, since a promise may have a `then` of its own that does anything. */
  async #settle(result: PromiseLike<unknown>, turn: Turn): Promise<void> {
    let value: unknown;
    try {
      value = await result;
    } catch (error) {
      return failTurn(this.room, error, turn);
    }
    if (value !== undefined) return this.#finish(value, turn);
  }
}
