import type { Link } from '../outbox/link.js';
import type { Outlet } from '../outbox/outbox.js';
import { Frame } from '../wire/frame.js';
import type { InboundRate } from '../wire/inbound-rate.js';
import { CloseCode } from '../base/protocol.js';
import { askClient } from '../sessions/ask-client.js';
import { checkedAuth, type ClientAuth, type KnownAuth } from './client-auth.js';
import type { ClientRequest } from './client-request.js';
import { assertCloseCode } from '../base/close-code.js';
import { isAnswer, type ClientRequestOptions, type ClientRequests } from '../sessions/client-requests.js';
import type { AnySchema } from '../decorators/contract.js';
import type { OutputOf } from '../decorators/standard-schema.js';
import { logClosed, logCloseFailed } from './error-log.js';
import { assertBytes, assertFits, assertTag, assertText } from '../base/checks/assert-payload.js';
import { answered, isMessage } from '../sessions/received-frame.js';
import type { RoomAddress } from './room-address.js';
import type { RoomPort } from './room-port.js';
import { sendsOf, type EmitArguments, type EventName, type SendOptions } from './send-options.js';
import type { Session } from '../sessions/session.js';

/**
 * Names a client within its room: 1, 2, 3 … in order of joining. An id is not given to another client; a client that leaves
 * and connects again with the same `?clientKey=` gets its id back.
 */
export type ClientId = number;

const NO_TAGS: ReadonlySet<string> = new Set();

/**
 * A participant of a room, `Client<User, Events>`: `User` is the type of its `data`, and `Events` names the events that the
 * room sends, as in `JamsocketContext<Events>` (a type such as `{ moved: Point }`, or `typeof` a contract). It stays
 * the same object when its connection changes. (It has the shape of `ConnectionSink`, but does not declare it: that would pull
 * the wire's types into the public types of the package.)
 */
export class Client<Data = unknown, Events = any> {
  /** Only for the compiler: handlers that take the client are compared with it. */
  declare readonly '~events'?: Events;
  /** 0 until the client has joined its room. A guard on connect sees the client before that. */
  id: ClientId = 0;
  /** For your own use, for example what a guard found out about the user. `undefined` until you set it. */
  data = undefined as Data;
  /** How the client's connection ended; `undefined` while the client is in the room. */
  closed: { readonly code: number; readonly reason: string } | undefined = undefined;
  /** @internal */
  room: RoomPort<Client> | null = null;
  /** @internal Integer milliseconds on the room's clock, stored without a heap allocation. */
  joinedAt = 0;
  /** @internal `null` while the client is away. */
  connection: Link | null = null;
  /** @internal The client's entry in the room's outbox; `null` before it is added and after it is removed. */
  outlet: Outlet | null = null;
  /** @internal Closed by a handler; its earlier messages are discarded. */
  isDismissed = false;
  /** @internal Messages read while the room's mailbox was full; `null` if there are none. */
  held: { readonly isFull: boolean } | null = null;
  /** @internal */
  inboundRate: InboundRate | null = null;
  /** @internal `null` if it does not speak `jamsocket.v1`. */
  session: Session | null = null;
  /** @internal The server closes it for a while and keeps its place. */
  isParked = false;
  /** @internal `null` before `setAuth`. */
  auth: KnownAuth | null = null;
  /** @internal `null` until the room sends it a request. */
  requests: ClientRequests | null = null;
  /** @internal It counts as a client of its room until its `@OnDisconnect` has run. */
  isCounted = false;
  #tags: Set<string> | null = null;

  /** @internal */
  constructor(
    /** The client's upgrade request; after a resume, that of the new connection. */
    public request: ClientRequest,
    /** @internal */
    public address: RoomAddress,
  ) {}

  /** Id of the room that the client is in. */
  get roomId(): string {
    return this.address.roomId;
  }

  /** The parameters of the path the client connected to. */
  get params(): Readonly<Record<string, string>> {
    return this.address.params;
  }

  /** Id of the user, as `setAuth` was told; `undefined` if that is unknown. */
  get user(): string | undefined {
    return this.auth?.user;
  }

  /**
   * Says who the client is, and until when that is certain; replaces what was said before. Call it in a guard of
   * `@OnConnect`, or whenever the client has proved it.
   *
   * Before `expiresAt`, a client of `jamsocket-client` is asked for a new token and the guards of `@OnConnect` are asked
   * again. A client whose authentication ends is closed with 4401.
   * @throws JamsocketError `bad_auth` for an invalid user or date
   */
  setAuth(auth: ClientAuth): void {
    const before = this.auth;
    this.auth = checkedAuth(auth);
    this.room?.authChanged(this, before);
  }

  /** Names of groups that the client belongs to. Send to a group with `tagged('red')`. */
  get tags(): ReadonlySet<string> {
    return this.#tags ?? NO_TAGS;
  }

  /** Adds tags to the client: `tagged(tag)` addresses all clients with one. @throws TypeError if one is not a string */
  tag(...tags: string[]): void {
    tags.forEach(assertTag);
    this.#tags ??= new Set();
    for (const tag of tags) {
      this.#tags.add(tag);
      this.room?.members.tagAdded(this, tag);
    }
  }

  /** Removes tags; those that the client does not have are ignored. */
  untag(...tags: string[]): void {
    for (const tag of tags) {
      if (this.#tags?.delete(tag)) this.room?.members.tagRemoved(this, tag);
    }
  }

  /** False while the connection is lost and the client may resume. Messages sent meanwhile are delivered when it resumes. */
  get isConnected(): boolean {
    return this.connection !== null && this.closed === undefined;
  }

  /** Bytes sent to this client that have not left this process. */
  get bufferedBytes(): number {
    const queued = this.outlet === null ? 0 : this.room!.members.outbox.queuedBytes(this.outlet);
    return queued + (this.connection?.bufferedBytes ?? 0);
  }

  /**
   * Sends a text message. Does nothing if the client has left.
   * @throws JamsocketError `message_too_large` if it is longer than `limits.maxBufferedBytes`
   */
  sendMessage(text: string, options?: SendOptions): void {
    assertText(text);
    if (!this.#isMember) return;
    assertFits(text, this.room!.definition.options.limits);
    const { members } = this.room!;
    if (options === undefined) members.sendText(this, text);
    else sendsOf(members, options).sendTo(this, Frame.text(text, options.volatile));
  }

  /**
   * Sends a binary message. The bytes are copied: the caller may reuse them at once.
   * @throws JamsocketError `message_too_large` if it is longer than `limits.maxBufferedBytes`
   */
  sendBinary(bytes: Uint8Array, options?: SendOptions): void {
    assertBytes(bytes);
    if (!this.#isMember) return;
    assertFits(bytes, this.room!.definition.options.limits);
    sendsOf(this.room!.members, options).sendTo(this, Frame.binary(bytes, options?.volatile));
  }

  /**
   * Sends `{ "event": event, "data": data }` as JSON text.
   * @throws JamsocketError `message_too_large`; TypeError for data that JSON cannot carry
   */
  emit<Event extends EventName<Events>>(event: Event, ...args: EmitArguments<Events, Event>): void;
  emit(event: string, data?: unknown, options?: SendOptions): void {
    this.sendMessage(JSON.stringify({ event, data }), options);
  }

  /**
   * Asks the client's application and resolves with its answer: in `jamsocket-client`, the result of the handler that
   * `room.onRequest(event, …)` has set. The request survives a lost connection that the client resumes.
   *
   * A handler may wait for the answer: it does not wait in the mailbox of the room. Other messages do, also those that the
   * client has sent before its answer.
   *
   * Rejects with a ClientRequestError: `timeout`, `left`, `refused`, `unsupported`, `invalid`, `aborted`; with a RangeError for
   * an invalid `timeoutMs`; with what `emit` throws.
   */
  ask<S extends AnySchema>(
    event: string,
    data: unknown,
    options: ClientRequestOptions & { schema: S },
  ): Promise<OutputOf<S>>;
  ask(event: string, data?: unknown, options?: ClientRequestOptions): Promise<unknown>;
  ask(event: string, data?: unknown, options: ClientRequestOptions = {}): Promise<unknown> {
    return askClient(this, event, data, options);
  }

  /**
   * Closes the connection after pending sends. `@OnDisconnect` runs in its own turn.
   * @param code 1000 (default) or 3000 to 4999
   * @param reason at most 123 bytes
   * @throws JamsocketError `bad_close_code`
   */
  close(code: number = CloseCode.normal, reason = ''): void {
    assertCloseCode(code, reason);
    // A guard may close a client before it has joined. That does nothing, and must not discard its later messages.
    if (!this.#isMember) return;
    this.isDismissed = true;
    this.end(code, reason);
  }

  /** What a controller sends when it returns a client. Without `data`, which may contain anything. */
  toJSON(): { id: ClientId; roomId: string; tags: string[] } {
    const { id, roomId, tags } = this;
    return { id, roomId, tags: [...tags] };
  }

  /** @internal Closes with any code. If the close throws, the connection is cut and the error logged, so that other closes go on. */
  end(code: number, reason: string): void {
    if (!this.#isMember) return;
    const { connection } = this;
    if (connection === null) return this.room!.leave(this, code, reason);
    try {
      this.room!.members.closing(this);
    } catch (error) {
      logCloseFailed(this, error);
    }
    // After all messages sent so far, even if they wait for a commit.
    this.room!.members.outbox.after(() => this.endNow(code, reason, connection));
  }

  /** @internal Closes without waiting for messages that wait for a commit. Does nothing if the client has another connection by now. */
  endNow(code: number, reason: string, connection = this.connection): void {
    if (!this.#isMember || connection === null || this.connection !== connection) return;
    try {
      this.#flush();
      connection.close(code, reason);
    } catch (error) {
      connection.terminate('its close failed');
      logCloseFailed(this, error);
    }
  }

  /** @internal The room takes no more messages from the client. `done` is called after the turns of all messages taken so far. */
  finish(done: () => void): void {
    const { session } = this;
    if (session !== null) session.finished = done;
    if (session === null || session.handled === session.received) done();
  }

  /** @internal */
  receiveText(text: string, bytes: number): void {
    if (this.session !== null && !isMessage(this, this.session, text)) return;
    if (this.inboundRate !== null && !this.#mayReceive(this.inboundRate, bytes)) return;
    if (this.session !== null && isAnswer(text)) answered(this, this.session, text);
    else this.room!.receiveText(this, text, bytes);
  }

  /** @internal */
  receiveBinary(bytes: Buffer): void {
    if (this.session !== null && !isMessage(this, this.session, bytes)) return;
    if (this.inboundRate === null || this.#mayReceive(this.inboundRate, bytes.length))
      this.room!.receiveBinary(this, bytes);
  }

  /** @internal */
  chunkRead(): void {
    if (this.outlet !== null) this.room!.members.outbox.chunkRead(this.outlet);
  }

  /** @internal */
  connectionClosing(): void {
    this.#flush();
  }

  /** @internal */
  connectionBehind(): void {
    this.room?.members.fellBehind(this);
  }

  /** @internal */
  connectionQuiet(): string | undefined {
    return this.session === null ? undefined : this.room!.members.beat(this);
  }

  /** @internal */
  connectionUnread(): void {
    if (this.session !== null) this.room!.members.answerHeartbeat(this);
  }

  /** @internal */
  connectionDropped(): void {
    const { maxBufferedBytes } = this.room!.definition.options.limits;
    logClosed(
      this,
      `it does not read, and its unsent messages would exceed ${maxBufferedBytes} bytes (limits.maxBufferedBytes).`,
    );
  }

  /** @internal */
  connectionClosed(code: number, reason: string): void {
    this.room!.connectionLost(this, code, reason);
  }

  #flush(): void {
    if (this.outlet !== null) this.room!.members.outbox.flushTo(this.outlet);
  }

  get #isMember(): boolean {
    return this.room !== null && this.closed === undefined;
  }

  #mayReceive(rate: InboundRate, bytes: number): boolean {
    const excess = rate.excessOf(bytes, this.room!.now());
    if (excess === 'close') {
      this.isDismissed = true;
      this.end(CloseCode.policy, 'too many messages');
      logClosed(this, 'it sends more than limits.messagesPerSecond or limits.bytesPerSecond allows.');
    }
    // A dropped message has no turn, but must be acknowledged: the client waits for that.
    if (excess === 'drop') this.session?.skip();
    return excess === undefined;
  }
}
