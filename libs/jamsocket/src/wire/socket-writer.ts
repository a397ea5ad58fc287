import type { Duplex } from 'node:stream';
import { Backlog } from './backlog.js';
import { FIN, TEXT, type Frame } from './frame.js';
import { headerBytes, payloadBytes } from './frame-header.js';
import { announcing, beatFrame, isEmptyText } from './beat-frames.js';

/**
 * Writes frames to a connection's socket, past `ws`. That is safe: every write consists of whole frames, and `ws`
 * (without compression) writes its own frames synchronously, so frames never interleave. Bytes that the peer does not
 * take at once are copied and wait, up to `maxBufferedBytes`; no single write is longer. Control frames have their own
 * limits and are not counted.
 */
export abstract class SocketWriter {
  /** Whether this connection gets volatile frames even while it is behind, since its room has already selected them. */
  keepsVolatile = false;
  /** Time of the last write, on the watch's clock. Control frames are not counted. */
  lastSent: number;
  #backlog: Backlog | null = null;
  /** Until something else is written, the peer takes an empty text for a beat. Then this has to precede an empty message. */
  #beating: string | null = null;

  protected constructor(
    protected readonly socket: Duplex,
    private readonly maxBufferedBytes: number,
    protected readonly watch: { readonly now: number },
  ) {
    this.lastSent = watch.now;
  }

  abstract get isOpen(): boolean;

  /** Bytes did not leave at once. Called only for a connection with `keepsVolatile`, and possibly several times. */
  protected abstract fellBehind(): void;

  protected abstract sendThroughWs(frame: Frame): void;

  /** Bytes that were written but not yet taken by the operating system. Does not count bytes in an outbox. */
  get bufferedBytes(): number {
    return this.socket.writableLength + (this.#backlog?.bytes ?? 0);
  }

  /** Whether written bytes have not left yet. */
  get isBehind(): boolean {
    return this.#backlog !== null || this.socket.writableLength > 0;
  }

  /** Whether the limit of waiting bytes is reached. */
  get isFull(): boolean {
    return this.bufferedBytes >= this.maxBufferedBytes;
  }

  /** Whether volatile frames are skipped at the moment. */
  get skipsVolatile(): boolean {
    return !this.keepsVolatile && this.isBehind;
  }

  /** Whether the socket still references the bytes of the last write. */
  get isBuffering(): boolean {
    return this.socket.writableLength > 0;
  }

  /**
   * Writes whole frames. The bytes may be in shared, reused memory: what the socket does not take at once is copied.
   * @returns false if the peer is too far behind and has to be dropped
   */
  write(bytes: Buffer): boolean {
    if (!this.isOpen) return true;
    this.lastSent = this.watch.now;
    if (this.#beating !== null) this.#endBeats(this.#beating, isEmptyText(bytes));
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
    this.lastSent = this.watch.now;
    if (this.#beating !== null) this.#endBeats(this.#beating, frame.opcode === TEXT && frame.payloadBytes === 0);
    // Waiting bytes go first.
    this.writeOutBacklog();
    this.sendThroughWs(frame);
    this.#noticeBehind();
    return true;
  }

  /** Writes a beat to a peer that is not behind. @param acknowledgement a control frame of `jamsocket.v1`, for the first beat */
  protected writeBeat(acknowledgement: string, hasPing: boolean): void {
    this.lastSent = this.watch.now;
    if (this.#beating === null) this.#writeShort(announcing(acknowledgement));
    this.#beating = acknowledgement;
    this.socket.write(beatFrame(hasPing));
    this.#noticeBehind();
  }

  #endBeats(acknowledgement: string, isEmpty: boolean): void {
    this.#beating = null;
    if (isEmpty) this.#writeShort(acknowledgement);
  }

  /** Writes an ASCII text of at most 125 bytes. */
  #writeShort(text: string): void {
    this.socket.write(String.fromCharCode(FIN | TEXT, text.length) + text, 'latin1');
  }

  protected writeOutBacklog(): void {
    for (const chunk of this.#backlog?.take() ?? []) this.socket.write(chunk);
  }

  protected discardBacklog(): void {
    this.#backlog?.take();
  }

  /** Together the frames exceed the limit: writes as many at a time as may wait, as long as the peer takes them. */
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
