import type { Duplex } from 'node:stream';
import { Backlog } from './backlog.js';
import type { Frame } from './frame.js';
import { headerBytes, payloadBytes } from './frame-header.js';

/**
 * The way out of a connection. Frames are written to the socket directly, which is safe since every write is whole
 * frames and `ws` (without compression) writes its own frames at once, so neither cuts into the other. What a peer
 * does not take at once is copied and waits, up to `maxBufferedBytes`: no single write is longer, whoever it is for.
 * Only control frames, which have limits of their own, come on top.
 */
export abstract class SocketWriter {
  /** Whether it gets volatile frames even while it is behind: its room has decided about each of them already. */
  keepsVolatile = false;
  #backlog: Backlog | null = null;

  protected constructor(
    protected readonly socket: Duplex,
    private readonly maxBufferedBytes: number,
  ) {}

  abstract get isOpen(): boolean;

  /** Something that was written has not left at once. Told if it `keepsVolatile`, and told again now and then. */
  protected abstract fellBehind(): void;

  protected abstract sendThroughWs(frame: Frame): void;

  /** Bytes that were sent but not yet taken by the operating system, those still in an outbox not counted. */
  get bufferedBytes(): number {
    return this.socket.writableLength + (this.#backlog?.bytes ?? 0);
  }

  /** Whether something that was written before has not left yet. */
  get isBehind(): boolean {
    return this.#backlog !== null || this.socket.writableLength > 0;
  }

  /** Whether more would be too much. */
  get isFull(): boolean {
    return this.bufferedBytes >= this.maxBufferedBytes;
  }

  /** Whether it goes without volatile frames at the moment. */
  get skipsVolatile(): boolean {
    return !this.keepsVolatile && this.isBehind;
  }

  /** Whether the socket still holds on to what was written last. */
  get isHolding(): boolean {
    return this.socket.writableLength > 0;
  }

  /**
   * Writes whole frames. The bytes may lie in memory that is shared and reused: what the socket does not take at
   * once is copied.
   * @returns false if the peer is too far behind and has to be dropped
   */
  write(bytes: Buffer): boolean {
    if (!this.isOpen) return true;
    if (!this.isBehind) {
      if (bytes.length > this.maxBufferedBytes) return this.#writeInPieces(bytes);
      this.socket.write(bytes);
      this.#noticeBehind();
      return true;
    }
    if (this.bufferedBytes + bytes.length > this.maxBufferedBytes) return false;
    if (this.#backlog === null) {
      this.#backlog = new Backlog();
      this.socket.write(Buffer.from(bytes), () => this.#writeBacklog());
      this.#noticeBehind();
    } else {
      this.#backlog.append(bytes);
    }
    return true;
  }

  /** Sends one message through `ws`, for `coalesce: false`. */
  writeFrame(frame: Frame): boolean {
    if (!this.isOpen) return true;
    if (this.bufferedBytes + frame.bytes > this.maxBufferedBytes) return false;
    // What waits stands before it.
    this.writeOutBacklog();
    this.sendThroughWs(frame);
    this.#noticeBehind();
    return true;
  }

  /** Gives everything that waits to the socket. */
  protected writeOutBacklog(): void {
    for (const chunk of this.#backlog?.take() ?? []) this.socket.write(chunk);
  }

  /** Lets go of everything that waits. */
  protected discardBacklog(): void {
    this.#backlog?.take();
  }

  /** Frames that are too much together: as many at a time as may wait, for as long as the peer takes them. */
  #writeInPieces(bytes: Buffer): boolean {
    let start = 0;
    for (let at = 0; at < bytes.length;) {
      const end = at + headerBytes(bytes, at) + payloadBytes(bytes, at);
      if (end - at > this.maxBufferedBytes) return false;
      if (end - start > this.maxBufferedBytes) {
        if (!this.write(bytes.subarray(start, at))) return false;
        start = at;
      }
      at = end;
    }
    return this.write(bytes.subarray(start));
  }

  #noticeBehind(): void {
    if (this.keepsVolatile && this.isBehind) this.fellBehind();
  }

  #writeBacklog(): void {
    const chunks = this.#backlog?.take() ?? [];
    if (chunks.length === 0 || !this.isOpen) {
      this.#backlog = null;
      return;
    }
    this.socket.cork();
    const last = chunks.pop()!;
    for (const chunk of chunks) this.socket.write(chunk);
    this.socket.write(last, () => this.#writeBacklog());
    this.socket.uncork();
  }
}
