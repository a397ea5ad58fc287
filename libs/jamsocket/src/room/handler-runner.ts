import { describeError } from '../base/foreign-value.js';
import type { Client } from '../members/client.js';
import type { RoomAddress } from '../members/room-address.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { ObserverSet } from '../observe/observer-set.js';
import { logError } from '../members/error-log.js';
import { exceptionText, isForTheClient, messageIdOf } from './exceptions.js';
import type { MessageId, ReplyStyle } from './json-events.js';
import { isObservable, sendReply, streamReplies } from './reply.js';
import type { Handler, RoomDefinition, RoomInstance } from './room-definition.js';
import type { RoomCall } from './room-event.js';
import { TurnRecord } from './turn-record.js';
import { inTurn, switchRunning, type TurningRoom } from './turn-scope.js';

const PLAIN: ReplyStyle = {};

/** Who gets the reply, and what happens when the handler fails. */
interface Turn {
  readonly handler: Handler | undefined;
  readonly client: Client | undefined;
  readonly message: unknown;
  readonly style: ReplyStyle;
  readonly onFailure?: (error: unknown) => void;
  readonly record?: TurnRecord;
}

/** What running handlers takes of a room. */
export interface RunnerRoom extends TurningRoom {
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
  readonly context: JamsocketContext;
  /** `null` while nobody observes. */
  readonly observer: ObserverSet | null;
  now(): number;
}

/** Runs a room's handlers, sends their replies and keeps their errors from doing harm: `run` never throws or rejects. */
export class HandlerRunner {
  /** What was called last: a turn that takes too long waits for it. */
  latest: { readonly name: string } | undefined = undefined;

  constructor(private readonly room: RunnerRoom) {}

  /** `onFailure` is called for an error that no filter took. */
  run(
    handler: Handler | undefined,
    client: Client | undefined,
    message: unknown,
    style: ReplyStyle = PLAIN,
    onFailure?: (error: unknown) => void,
  ): void | Promise<void> {
    if (handler === undefined) return;
    this.latest = handler;
    const { observer } = this.room;
    if (observer === null || !observer.wantsTurns)
      return this.#run(handler, client, message, style, onFailure, undefined);
    const record = new TurnRecord(this.room, handler.name, handler.kind, client, message);
    return record.run(observer, () => this.#run(handler, client, message, style, onFailure, record));
  }

  /** Runs a method that was called from outside. */
  invoke(call: RoomCall): void | Promise<void> {
    this.latest = call;
    const { observer } = this.room;
    if (observer === null || !observer.wantsTurns) return call.run(undefined);
    const record = new TurnRecord(this.room, call.name, 'invoke', undefined, undefined, call.runAsCaller);
    return record.run(observer, () => call.run(record));
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
    const before = switchRunning(handler.isAsync ? null : this.room);
    try {
      result = handler.isAsync
        ? inTurn(this.room, undefined, () => handler.call(client, message, this.room.context))
        : handler.call(client, message, this.room.context);
    } catch (error) {
      return this.#fail(error, { handler, client, message, style, onFailure, record });
    } finally {
      switchRunning(before);
    }
    if (result === undefined) return;
    return this.#finish(result, { handler, client, message, style, onFailure, record });
  }

  /** Runs `@OnCreate`. The filters see its error, and whoever wanted the room gets it in any case. */
  async create({ create }: RoomInstance): Promise<void> {
    if (create === undefined) return;
    const { observer } = this.room;
    if (observer === null || !observer.wantsTurns) return this.#create(create);
    const record = new TurnRecord(this.room, create.name, create.kind, undefined, undefined);
    await record.run(observer, () => this.#create(create).catch((error) => record.fail(error)));
    if (record.hasFailed) throw record.error;
  }

  async #create(create: Handler): Promise<void> {
    const { context } = this.room;
    try {
      await inTurn(this.room, undefined, async () => create.call(undefined, undefined, context));
    } catch (error) {
      await this.#tryFilter(create, error);
      throw error;
    }
  }

  fail(
    error: unknown,
    handler: Handler | undefined,
    client: Client,
    message: unknown,
    style: ReplyStyle,
  ): void | Promise<void> {
    return this.#fail(error, { handler, client, message, style });
  }

  report(error: unknown, handler?: Pick<Handler, 'name'>, client?: Client): void {
    const { logger, service, type } = this.room.definition;
    const { key } = this.room.address;
    const where = `${handler?.name ?? type.name} in room "${key}"`;
    const fields = {
      service,
      room: key,
      ...(handler && { handler: handler.name }),
      ...(client && { client: client.id }),
    };
    const { message, stack, isError } = describeError(error);
    logError(
      logger,
      isError ? `${where}: ${message}` : `${where} threw ${message}, which is not an Error`,
      fields,
      stack,
    );
  }

  async #tryFilter(handler: Handler, error: unknown): Promise<void> {
    try {
      await handler.filter(error, undefined, undefined, this.room.context);
    } catch (filterError) {
      this.report(filterError, handler);
    }
  }

  #finish(result: unknown, turn: Turn): void | Promise<void> {
    try {
      if (isPromiseLike(result)) {
        if (turn.handler !== undefined) turn.handler.isAsync = true;
        return this.#settle(result, turn);
      }
      if (isObservable(result)) {
        const { signal } = this.room.context;
        // What a stream does when somebody listens belongs to the turn.
        const replies = inTurn(this.room, undefined, () => streamReplies(result, turn.client, turn.style, signal));
        return replies.catch((error) => this.#fail(error, turn));
      }
      if (turn.client !== undefined) sendReply(turn.client, result, turn.style);
    } catch (error) {
      return this.#fail(error, turn);
    }
  }

  /** `await` does not ask a promise for its own `then`, which may be anything. */
  async #settle(result: PromiseLike<unknown>, turn: Turn): Promise<void> {
    let value: unknown;
    try {
      value = await result;
    } catch (error) {
      return this.#fail(error, turn);
    }
    if (value !== undefined) return this.#finish(value, turn);
  }

  /** An error goes to the application's filters first, then to the client and the log. */
  #fail(error: unknown, turn: Turn): void | Promise<void> {
    const { handler, client, message } = turn;
    turn.record?.fail(error);
    this.room.observer?.turnFailed(this.room.context, handler?.name, client, error);
    let isTaken: boolean | Promise<boolean>;
    try {
      isTaken = handler?.filter(error, client, message, this.room.context) ?? false;
    } catch (filterError) {
      return this.#filterFailed(filterError, error, turn);
    }
    if (typeof isTaken === 'boolean') return isTaken ? undefined : this.#tell(error, turn);
    return isTaken.then(
      (taken) => (taken ? undefined : this.#tell(error, turn)),
      (filterError) => this.#filterFailed(filterError, error, turn),
    );
  }

  #filterFailed(filterError: unknown, error: unknown, turn: Turn): void {
    if (filterError !== error) this.report(filterError, turn.handler, turn.client);
    this.#tell(error, turn);
  }

  #tell(error: unknown, { handler, client, style, onFailure }: Turn): void {
    if (!isForTheClient(error)) this.report(error, handler, client);
    // A client that is away gets it when it comes back.
    if (client !== undefined && client.closed === undefined)
      this.#sendException(client, error, style.id ?? messageIdOf(error), handler);
    onFailure?.(error);
  }

  /** What an application puts into its errors may not be JSON: that is one more error, and not for the client. */
  #sendException(client: Client, error: unknown, id: MessageId | undefined, handler: Handler | undefined): void {
    let text: string;
    try {
      text = exceptionText(error, id);
    } catch (unsendable) {
      this.report(unsendable, handler, client);
      text = exceptionText(undefined, id);
    }
    client.sendMessage(text);
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null)?.then === 'function';
}
