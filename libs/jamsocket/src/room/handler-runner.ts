import { inspect } from 'node:util';
import type { Client } from './client.js';
import { exceptionData, isForTheClient, messageIdOf } from './exceptions.js';
import type { ReplyStyle } from './json-events.js';
import { isObservable, sendEvent, sendReply, streamReplies } from './reply.js';
import type { Handler, RoomInstance } from './room-definition.js';
import type { Room } from './room.js';
import { inTurn, switchRunning } from './turn-scope.js';

const PLAIN: ReplyStyle = {};

/** Who gets the reply, and what happens when the handler fails. */
interface Turn {
  readonly handler: Handler | undefined;
  readonly client: Client | undefined;
  readonly message: unknown;
  readonly style: ReplyStyle;
  readonly onFailure?: () => void;
}

/** Runs a room's handlers, sends their replies and keeps their errors from doing harm: `run` never throws or rejects. */
export class HandlerRunner {
  constructor(private readonly room: Room) {}

  /** `onFailure` is called for an error that no filter took. */
  run(
    handler: Handler | undefined,
    client: Client | undefined,
    message: unknown,
    style: ReplyStyle = PLAIN,
    onFailure?: () => void,
  ): void | Promise<void> {
    if (handler === undefined) return;
    let result: unknown;
    const before = switchRunning(handler.isAsync ? null : this.room);
    try {
      result = handler.isAsync
        ? inTurn(this.room, undefined, () => handler.call(client, message, this.room.context))
        : handler.call(client, message, this.room.context);
    } catch (error) {
      return this.#fail(error, { handler, client, message, style, onFailure });
    } finally {
      switchRunning(before);
    }
    if (result === undefined) return;
    return this.#finish(result, { handler, client, message, style, onFailure });
  }

  /** Runs `@OnCreate`. The filters see its error, and whoever wanted the room gets it in any case. */
  async create({ create }: RoomInstance): Promise<void> {
    if (create === undefined) return;
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

  async destroyProviders(instance: RoomInstance | null): Promise<void> {
    try {
      await instance?.destroyProviders();
    } catch (error) {
      this.report(error);
    }
  }

  report(error: unknown, handler?: Handler): void {
    const { logger } = this.room.definition;
    const where = `${handler?.name ?? this.room.definition.type.name} in room "${this.room.address.key}"`;
    if (error instanceof Error) logger.error(`${where}: ${error.message}`, error.stack);
    else logger.error(`${where} threw ${inspect(error)}, which is not an Error`);
  }

  async #tryFilter(handler: Handler, error: unknown): Promise<void> {
    try {
      await handler.filter(error, undefined, undefined, this.room.context);
    } catch (filterError) {
      this.report(filterError, handler);
    }
  }

  #finish(result: unknown, turn: Turn): void | Promise<void> {
    if (isPromiseLike(result)) {
      return Promise.resolve(result).then(
        (value) => (value === undefined ? undefined : this.#finish(value, turn)),
        (error) => this.#fail(error, turn),
      );
    }
    if (isObservable(result)) {
      return streamReplies(result, turn.client, turn.style, this.room.context.signal).catch((error) =>
        this.#fail(error, turn),
      );
    }
    if (turn.client === undefined) return;
    try {
      sendReply(turn.client, result, turn.style);
    } catch (error) {
      return this.#fail(error, turn);
    }
  }

  /** An error goes to the application's filters first, then to the client and the log. */
  #fail(error: unknown, turn: Turn): void | Promise<void> {
    const { handler, client, message } = turn;
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
    if (filterError !== error) this.report(filterError, turn.handler);
    this.#tell(error, turn);
  }

  #tell(error: unknown, { handler, client, style, onFailure }: Turn): void {
    if (!isForTheClient(error)) this.report(error, handler);
    // A client that is away gets it when it comes back.
    if (client !== undefined && client.closed === undefined)
      this.#sendException(client, error, style.id ?? messageIdOf(error), handler);
    onFailure?.();
  }

  /** What an application puts into its errors may not be JSON: that is one more error, and not for the client. */
  #sendException(client: Client, error: unknown, id: unknown, handler: Handler | undefined): void {
    try {
      sendEvent(client, 'exception', exceptionData(error), id);
    } catch (unsendable) {
      this.report(unsendable, handler);
      sendEvent(client, 'exception', exceptionData(unsendable), id);
    }
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null)?.then === 'function';
}
