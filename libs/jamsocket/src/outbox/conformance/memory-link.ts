import { CloseCode } from '../../base/protocol.js';
import type { ConnectionSink } from '../../wire/connection-sink.js';
import { closeFrame } from '../../wire/control-frame.js';
import type { Frame } from '../../wire/frame.js';
import type { Link } from '../link.js';
import { messagesOf } from './frames.js';

/**
 * A link whose peer is an object of the same process. While the peer reads, written bytes arrive at once. While it does
 * not, they wait by reference, as in a socket.
 */
export class MemoryLink implements Link {
  keepsVolatile = false;
  isPaused = false;
  hasFailed = false;
  lastHeard = 0;
  /** Number of writes. */
  writes = 0;
  /** The buffer is full: not even the smallest frame fits. */
  isFull = false;
  readonly #arrived: Buffer[] = [];
  #waiting: Buffer[] = [];
  #isReading = true;
  /** What the peer sent while the link was paused. */
  #unread: (() => void)[] = [];
  #isClosed = false;
  #end!: () => void;
  hasEnded = false;
  readonly ended = new Promise<void>((resolve) => (this.#end = resolve));

  constructor(
    private readonly sink: ConnectionSink,
    private readonly maxBufferedBytes = Infinity,
    private readonly now: () => number = () => 0,
  ) {}

  write(bytes: Buffer): boolean {
    if (this.#isClosed) return true;
    this.writes++;
    return this.#take(bytes);
  }

  writeFrame(frame: Frame): boolean {
    const bytes = Buffer.alloc(frame.bytes);
    frame.writeTo(bytes, 0);
    return this.write(bytes);
  }

  get isBuffering(): boolean {
    return this.isBehind;
  }

  get bufferedBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  get isBehind(): boolean {
    return !this.#isReading;
  }

  get skipsVolatile(): boolean {
    return this.isBehind && !this.keepsVolatile;
  }

  /** Time stands still here. */
  startBeats(): void {}

  pause(): void {
    if (!this.#isClosed) this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    const unread = this.#unread;
    this.#unread = [];
    for (const deliver of unread) this.#hear(deliver);
  }

  close(code: number, reason = ''): void {
    if (this.#isClosed) return;
    this.sink.connectionClosing();
    this.#close(code, reason);
  }

  drop(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.sink.connectionDropped();
    this.#waiting = [];
    this.#close(code, reason);
  }

  terminate(reason: string): void {
    if (this.#isClosed) return;
    this.#finish(CloseCode.abnormal, reason);
    this.#socketCloses();
  }

  /** What the peer has received. */
  get messages(): string[] {
    return messagesOf(Buffer.concat(this.#arrived));
  }

  /** Bytes that the peer has received. */
  get bytes(): number {
    return this.#arrived.reduce((sum, { length }) => sum + length, 0);
  }

  stopReading(): void {
    this.#isReading = false;
  }

  startReading(): void {
    this.#isReading = true;
    this.#arrived.push(...this.#waiting.map((bytes) => Buffer.from(bytes)));
    this.#waiting = [];
    if (this.#isClosed) this.#socketCloses();
  }

  peerSends(text: string): void {
    this.lastHeard = this.now();
    this.#hear(() => this.sink.receiveText(text, Buffer.byteLength(text)));
  }

  peerCloses(code: number, reason = ''): void {
    this.#hear(() => {
      this.sink.connectionClosing();
      this.#close(code, reason);
      this.#socketCloses();
    });
  }

  /** The connection is lost. */
  peerVanishes(): void {
    this.resume();
    this.#finish(CloseCode.abnormal, '');
    this.#socketCloses();
  }

  peerBreaksProtocol(): void {
    this.hasFailed = true;
    this.peerVanishes();
  }

  #hear(deliver: () => void): void {
    if (this.isPaused) this.#unread.push(deliver);
    else if (!this.#isClosed) deliver();
  }

  #take(bytes: Buffer): boolean {
    if (this.isFull || this.bufferedBytes + bytes.length > this.maxBufferedBytes) return false;
    if (this.#isReading) {
      this.#arrived.push(Buffer.from(bytes));
      return true;
    }
    this.#waiting.push(bytes);
    if (this.keepsVolatile) this.sink.connectionBehind();
    return true;
  }

  #close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.isFull = false;
    this.#waiting.push(closeFrame({ code, reason }));
    this.#finish(code, reason);
    if (this.#isReading) this.startReading();
  }

  #finish(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.isPaused = false;
    this.sink.connectionClosed(code, reason);
  }

  #socketCloses(): void {
    this.hasEnded = true;
    this.#end();
  }
}
