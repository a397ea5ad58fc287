import type { Link } from '../outbox/link.js';
import type { Outlet } from '../outbox/outbox.js';
import { Frame } from '../wire/frame.js';
import type { InboundRate } from '../wire/inbound-rate.js';
import { CloseCode, type Lost } from '../base/protocol.js';
import type { ClientRequest } from './client-request.js';
import { assertCloseCode } from '../base/close-code.js';
import { logClosed, logCloseFailed } from './error-log.js';
import { assertBytes, assertFits, assertText } from '../base/assert-payload.js';
import type { RoomAddress } from './room-address.js';
import type { RoomPort } from './room-port.js';
import type { SendOptions } from './send-options.js';
import type { Session } from './session.js';

/**
 * Names a client within its room: 1, 2, 3 … in the order of joining. No other client gets it, but a client that leaves and connects
 * again with the same `?clientKey=` does.
 */
export type ClientId = number;

const NO_TAGS: ReadonlySet<string> = new Set();

/**
 * A participant of a room. It is not its socket: it stays the same whatever carries its messages. (It is the
 * `ConnectionSink` of its connection, by shape: `implements` would put the wire's types into the package's own.)
 */
export class Client<Data = any> {
  /** 0 until it has joined its room: a guard on connect sees the client before that. */
  id: ClientId = 0;
  /** Yours: what a guard found out about the user, say. `undefined` until you set it. */
  data = undefined as Data;
  /** How the connection ended, once it has. */
  closed: { readonly code: number; readonly reason: string } | undefined = undefined;
  /** @internal */
  room: RoomPort<Client> | null = null;
  /** @internal Whole milliseconds on the room's clock, which cost no object of their own. */
  joinedAt = 0;
  /** @internal `null` while it is away. */
  connection: Link | null = null;
  /** @internal Its entry in its room's outbox, while it is in there. */
  outlet: Outlet | null = null;
  /** @internal The handlers asked for its end: what it sent before that does not count any more. */
  isDismissed = false;
  /** @internal What it sent while its room's mailbox was full; `null` if all of that has been handed on. */
  held: { readonly isFull: boolean } | null = null;
  /** @internal */
  inboundRate: InboundRate | null = null;
  /** @internal It speaks `jamsocket.v1`. */
  isResumable = false;
  /** @internal Why it is a new client although it came to go on. */
  lost: Lost | undefined = undefined;
  /** @internal */
  session: Session | null = null;
  /** @internal It is sent away for a while; its place is kept. */
  isParked = false;
  /** @internal It counts as a client of its room until its `@OnDisconnect` has run. */
  isCounted = false;
  #tags: Set<string> | null = null;

  /** @internal */
  constructor(
    /** The upgrade request it came with; after a lost connection, the latest. */
    public request: ClientRequest,
    /** @internal */
    public address: RoomAddress,
  ) {}

  get roomId(): string {
    return this.address.roomId;
  }

  /** The parameters of the path the client connected to. */
  get params(): Readonly<Record<string, string>> {
    return this.address.params;
  }

  /** Words to address groups of clients by, with `tagged('red')`. */
  get tags(): ReadonlySet<string> {
    return this.#tags ?? NO_TAGS;
  }

  tag(...tags: string[]): void {
    this.#tags ??= new Set();
    for (const tag of tags) {
      this.#tags.add(tag);
      this.room?.members.tagAdded(this, tag);
    }
  }

  untag(...tags: string[]): void {
    for (const tag of tags) {
      if (this.#tags?.delete(tag)) this.room?.members.tagRemoved(this, tag);
    }
  }

  /** Not while its connection is lost and it may come back; what it is sent then, it gets when it does. */
  get isConnected(): boolean {
    return this.connection !== null && this.closed === undefined;
  }

  /** Bytes that were sent to this client and still wait here. */
  get bufferedBytes(): number {
    const queued = this.outlet === null ? 0 : this.room!.members.outbox.queuedBytes(this.outlet);
    return queued + (this.connection?.bufferedBytes ?? 0);
  }

  /**
   * Sends a text message. Nothing happens if the client has gone.
   * @throws JamsocketError `message_too_large` if it is longer than `limits.maxBufferedBytes`
   */
  sendMessage(text: string, options?: SendOptions): void {
    assertText(text);
    if (!this.#isMember) return;
    assertFits(text, this.room!.definition.options.limits);
    if (options?.volatile) this.room!.members.sendTo(this, Frame.text(text, true));
    else this.room!.members.sendText(this, text);
  }

  /**
   * Sends a binary message; the bytes are copied, so the caller may go on using them.
   * @throws JamsocketError `message_too_large` if it is longer than `limits.maxBufferedBytes`
   */
  sendBinary(bytes: Uint8Array, options?: SendOptions): void {
    assertBytes(bytes);
    if (!this.#isMember) return;
    assertFits(bytes, this.room!.definition.options.limits);
    this.room!.members.sendTo(this, Frame.binary(bytes, options?.volatile));
  }

  /**
   * Sends `{ "event": event, "data": data }` as JSON text.
   * @throws JamsocketError `message_too_large`; TypeError for data that JSON cannot carry
   */
  emit(event: string, data?: unknown, options?: SendOptions): void {
    this.sendMessage(JSON.stringify({ event, data }), options);
  }

  /**
   * Closes the connection behind everything that was sent to it. `@OnDisconnect` runs as a turn of its own.
   * @param code 1000 (default) or 3000 to 4999
   * @param reason at most 123 bytes
   * @throws JamsocketError `bad_close_code`
   */
  close(code: number = CloseCode.normal, reason = ''): void {
    assertCloseCode(code, reason);
    // A guard may close a client that is not in yet: that does nothing, and must not make it deaf.
    if (!this.#isMember) return;
    this.isDismissed = true;
    this.end(code, reason);
  }

  /** What is sent where a client is part of an answer: not its `data`, which may hold anything. */
  toJSON(): { id: ClientId; roomId: string; tags: string[] } {
    const { id, roomId, tags } = this;
    return { id, roomId, tags: [...tags] };
  }

  /** @internal Closes with any code. A close that fails cuts the connection, so that it keeps nobody else from closing. */
  end(code: number, reason: string): void {
    if (!this.#isMember) return;
    const { connection } = this;
    if (connection === null) return this.room!.leave(this, code, reason);
    try {
      this.room!.members.acknowledgeRest(this);
    } catch (error) {
      logCloseFailed(this, error);
    }
    // Behind everything it was sent, however long that is kept back.
    this.room!.members.outbox.after(() => this.endNow(code, reason, connection));
  }

  /** @internal Closes without waiting for what is kept back; not a connection that is not the client's any more. */
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

  /** @internal Its room takes nothing more from it. `done` is called when all that will be acknowledged has had its turn. */
  finish(done: () => void): void {
    const { session } = this;
    if (session !== null) session.finished = done;
    if (session === null || session.handled === session.received) done();
  }

  /** @internal */
  receiveText(text: string): void {
    if (this.session !== null && !this.#isData(this.session, text)) return;
    if (this.inboundRate === null || this.#mayReceive(this.inboundRate, Buffer.byteLength(text)))
      this.room!.receiveText(this, text);
  }

  /** @internal */
  receiveBinary(bytes: Buffer): void {
    if (this.session !== null && !this.#isData(this.session, bytes)) return;
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
  connectionUnread(): void {
    if (this.session !== null) this.room!.members.answerHeartbeat(this);
  }

  /** @internal */
  connectionDropped(): void {
    const { maxBufferedBytes } = this.room!.definition.options.limits;
    logClosed(
      this,
      `it does not read, and more than ${maxBufferedBytes} bytes would wait for it (limits.maxBufferedBytes).`,
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

  /** Counts what a client of `jamsocket.v1` sends. The first frame of each of its connections is for us, not for the room. */
  #isData(session: Session, frame: string | Buffer): boolean {
    const { members } = this.room!;
    if (session.isConfirmed) {
      if (session.isHeartbeat(frame)) return this.#answerHeartbeat();
      if (session.finished !== null) return false;
      session.received++;
      return true;
    }
    if (!members.confirm(this, frame)) this.end(CloseCode.protocolError, 'the confirmation of jamsocket.v1 is wrong');
    return false;
  }

  /** It is no message: it counts for nothing, and the room hears nothing of it. */
  #answerHeartbeat(): false {
    this.connection!.beats = true;
    this.room!.members.answerHeartbeat(this);
    return false;
  }

  #mayReceive(rate: InboundRate, bytes: number): boolean {
    const excess = rate.excessOf(bytes, this.room!.now());
    if (excess === 'close') {
      this.isDismissed = true;
      this.end(CloseCode.policy, 'too many messages');
      logClosed(this, 'it sends more than limits.messagesPerSecond or limits.bytesPerSecond allows.');
    }
    // A dropped message waits for no turn, and the client must not wait for its acknowledgement.
    if (excess === 'drop') this.session?.skip();
    return excess === undefined;
  }
}
