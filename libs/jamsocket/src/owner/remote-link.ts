import { AsyncResource } from 'node:async_hooks';
import { inDetachedContext } from '../base/async-context.js';
import { CloseCode } from '../base/protocol.js';
import type { Link } from '../outbox/link.js';
import { FORM, readRun, type SayingClient } from '../peers/client-messages.js';
import { closeMessage, messageOf, TO_CHANNEL, valueOf, type ChannelEnd } from '../peers/messages.js';
import type { MovedNote } from '../peers/moving.js';
import type { ConnectionSink } from '../wire/connection-sink.js';
import type { Frame } from '../wire/frame.js';
import type { EdgeNode } from './edge-node.js';

interface HeldMessage {
  readonly form: number;
  readonly bytes: Buffer;
}

/** The connection of a client whose socket is on another node. That node bounds and buffers what waits for the client. */
export class RemoteLink implements Link, SayingClient {
  isPaused = false;
  hasFailed = false;
  hasEnded = false;
  lastHeard: number;
  /** As the edge has reported it last. */
  bufferedBytes = 0;
  #keepsVolatile = false;
  #isHeld = false;
  #whenHeld: () => void = () => undefined;
  #isClosed = false;
  /** What came while the link was paused. */
  #held: HeldMessage[] = [];
  readonly #whenEnded: (() => void)[] = [];
  /** Messages of several clients arrive together. What a handler enters for one client must not be there for the next. */
  readonly #scope = inDetachedContext(() => new AsyncResource('JamsocketRemoteLink'));

  constructor(
    readonly edge: EdgeNode,
    readonly channel: number,
    private readonly sink: ConnectionSink,
  ) {
    this.lastHeard = edge.now();
  }

  write(bytes: Buffer): boolean {
    if (!this.#isClosed) this.edge.send(messageOf(TO_CHANNEL.write, this.channel, bytes));
    return true;
  }

  writeFrame(frame: Frame): boolean {
    const bytes = Buffer.allocUnsafe(frame.bytes);
    frame.writeTo(bytes, 0);
    return this.write(bytes);
  }

  /** Everything that is written is copied. */
  get isBuffering(): boolean {
    return false;
  }

  get isBehind(): boolean {
    return this.bufferedBytes > 0;
  }

  get skipsVolatile(): boolean {
    return !this.#keepsVolatile && this.isBehind;
  }

  get keepsVolatile(): boolean {
    return this.#keepsVolatile;
  }

  set keepsVolatile(keeps: boolean) {
    if (keeps === this.#keepsVolatile || this.#isClosed) return;
    this.#keepsVolatile = keeps;
    this.#tell(TO_CHANNEL.keepsVolatile, Buffer.from([keeps ? 1 : 0]));
  }

  pause(): void {
    if (this.#isClosed || this.isPaused) return;
    this.isPaused = true;
    this.#tell(TO_CHANNEL.pause);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#readHeld();
    // The messages may have paused it again.
    if (!this.isPaused && !this.#isClosed) this.#tell(TO_CHANNEL.resume);
  }

  /** The room is about to move. Resolves when everything that was read of the client has arrived, and nothing more comes. */
  hold(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#tell(TO_CHANNEL.hold);
    return new Promise((resolve) => (this.#whenHeld = resolve));
  }

  /** Nothing more comes from the client, and its connection is there. */
  get isHeld(): boolean {
    return this.#isHeld && !this.#isClosed && !this.isPaused;
  }

  held(): void {
    this.#isHeld = true;
    this.#whenHeld();
  }

  /** The client follows its room to another node. Nobody is told of an end. */
  moveTo(note: MovedNote): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.edge.moved(this.channel, note);
  }

  startBeats(): void {
    if (!this.#isClosed) this.#tell(TO_CHANNEL.beats);
  }

  close(code: number, reason = ''): void {
    if (this.#isClosed) return;
    this.sink.connectionClosing();
    this.edge.send(closeMessage(TO_CHANNEL.close, this.channel, code, reason));
    this.#end(code, reason);
  }

  drop(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.sink.connectionDropped();
    this.edge.send(closeMessage(TO_CHANNEL.drop, this.channel, code, reason));
    this.#end(code, reason);
  }

  terminate(reason: string): void {
    if (this.#isClosed) return;
    this.#tell(TO_CHANNEL.terminate, Buffer.from(reason));
    this.#end(CloseCode.abnormal, reason);
  }

  get ended(): Promise<void> {
    if (this.hasEnded) return Promise.resolve();
    return new Promise((resolve) => this.#whenEnded.push(resolve));
  }

  /** A message of the client. @param form see `FORM` */
  received(form: number, bytes: Buffer): void {
    this.lastHeard = this.edge.heardAt;
    this.#scope.runInAsyncScope(hear, this, form, bytes);
  }

  /** Messages of the client, among those of others. */
  receivedRun(messages: Buffer, from: number, to: number): void {
    this.lastHeard = this.edge.heardAt;
    this.#scope.runInAsyncScope(readRun, null, this, messages, from, to);
  }

  /** @internal */
  said(form: number, bytes: Buffer, from: number, to: number): void {
    if (this.#isClosed) return;
    // A copy: the memory of the others' messages must not wait for this client.
    if (this.isPaused) this.#held.push({ form, bytes: Buffer.from(bytes.subarray(from, to)) });
    else if (form === FORM.binary) this.sink.receiveBinary(bytes.subarray(from, to));
    else this.sink.receiveText(bytes.toString(form === FORM.ascii ? 'latin1' : 'utf8', from, to), to - from);
  }

  quiet(): void {
    if (!this.#isClosed) this.sink.connectionQuiet();
  }

  unread(): void {
    if (!this.#isClosed) this.sink.connectionUnread();
  }

  behind(message: Buffer): void {
    this.bufferedBytes = valueOf(message);
    if (this.isBehind && this.#keepsVolatile && !this.#isClosed) this.sink.connectionBehind();
  }

  /** The connection has ended at the edge. */
  closedThere({ code, reason, hasFailed, isDropped, silentMs }: ChannelEnd): void {
    if (this.#isClosed) return;
    this.lastHeard = Math.max(this.lastHeard, this.edge.now() - silentMs);
    this.hasFailed = hasFailed;
    this.isPaused = false;
    this.#readHeld();
    if (isDropped) this.sink.connectionDropped();
    this.#end(code, reason);
  }

  /** The socket has closed, or the edge is gone. */
  endedThere(): void {
    this.hasEnded = true;
    this.bufferedBytes = 0;
    for (const resolve of this.#whenEnded) resolve();
  }

  #readHeld(): void {
    while (this.#held.length > 0 && !this.isPaused) {
      const { form, bytes } = this.#held.shift()!;
      this.#scope.runInAsyncScope(hear, this, form, bytes);
    }
  }

  #tell(kind: number, body?: Buffer): void {
    this.edge.send(messageOf(kind, this.channel, body));
  }

  #end(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.isPaused = false;
    this.#readHeld();
    this.#isClosed = true;
    this.#whenHeld();
    this.sink.connectionClosed(code, reason);
  }
}

function hear(this: RemoteLink, form: number, bytes: Buffer): void {
  this.said(form, bytes, 0, bytes.length);
}
