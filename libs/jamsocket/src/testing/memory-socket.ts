import { Duplex } from 'node:stream';

/** As much as a receiver that does not read lets its peer write; a kernel's buffers are of this order. */
const RECEIVE_BUFFER_BYTES = 64 * 1024;

/** The end of the stream, in the row of what was sent. */
const END = null;

/**
 * One end of a connection that never leaves the process. It behaves as a socket does where it matters here: bytes
 * arrive in order and later than they were written, a peer that does not read makes writes wait, and an end that is
 * destroyed ends the other.
 */
export class MemorySocket extends Duplex {
  peer!: MemorySocket;
  /** What has been sent here and not been read. */
  readonly #received: (Buffer | typeof END)[] = [];
  #receivedBytes = 0;
  #isReading = false;
  #isDelivering = false;
  /** Lets the peer go on writing. */
  #hasRoom: (() => void) | null = null;

  constructor(
    private readonly later: (work: () => void) => void,
    readonly remoteAddress: string,
  ) {
    super({ allowHalfOpen: false });
  }

  override _read(): void {
    this.#isReading = true;
    this.#deliver();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // The writer may use its memory again as soon as the write is done.
    this.peer.#receive(Buffer.from(chunk), done);
  }

  override _final(done: () => void): void {
    this.peer.#receive(END, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#received.length = 0;
    this.#hasRoom?.();
    this.#hasRoom = null;
    if (!this.writableFinished) this.peer.#receive(END, () => undefined);
    done(error);
  }

  #receive(chunk: Buffer | typeof END, done: () => void): void {
    if (this.destroyed) return done();
    this.#received.push(chunk);
    this.#receivedBytes += chunk?.length ?? 0;
    this.#deliver();
    if (this.#receivedBytes <= RECEIVE_BUFFER_BYTES) done();
    else this.#hasRoom = done;
  }

  #deliver(): void {
    if (!this.#isReading || this.#isDelivering || this.#received.length === 0) return;
    this.#isDelivering = true;
    this.later(() => {
      this.#isDelivering = false;
      while (this.#isReading && this.#received.length > 0) this.#handOver(this.#received.shift()!);
    });
  }

  #handOver(chunk: Buffer | typeof END): void {
    this.#receivedBytes -= chunk?.length ?? 0;
    this.#isReading = this.push(chunk);
    if (this.#hasRoom === null || this.#receivedBytes > RECEIVE_BUFFER_BYTES) return;
    const hasRoom = this.#hasRoom;
    this.#hasRoom = null;
    hasRoom();
  }
}
