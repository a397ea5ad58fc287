import { Duplex } from 'node:stream';

/** Bytes that a peer can write while the receiver does not read; similar to a kernel's buffers. */
const RECEIVE_BUFFER_BYTES = 64 * 1024;

/** Marks the end of the stream in the queue. */
const END = null;

/**
 * One end of a connection within the process. It behaves like a network socket: bytes arrive in order and later than they
 * were written, writes wait while the peer does not read, and destroying one end closes the other.
 */
export class MemorySocket extends Duplex {
  peer!: MemorySocket;
  /** Chunks that were sent to this end and not read yet. */
  readonly #received: (Buffer | typeof END)[] = [];
  #receivedBytes = 0;
  #isReading = false;
  #isDelivering = false;
  /** Called when the peer may write again. */
  #resumePeer: (() => void) | null = null;

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
    // Copied, since the writer may reuse its memory as soon as the write is done.
    this.peer.#receive(Buffer.from(chunk), done);
  }

  override _final(done: () => void): void {
    this.peer.#receive(END, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#received.length = 0;
    this.#resumePeer?.();
    this.#resumePeer = null;
    if (!this.writableFinished) this.peer.#receive(END, () => undefined);
    done(error);
  }

  #receive(chunk: Buffer | typeof END, done: () => void): void {
    if (this.destroyed) return done();
    this.#received.push(chunk);
    this.#receivedBytes += chunk?.length ?? 0;
    this.#deliver();
    if (this.#receivedBytes <= RECEIVE_BUFFER_BYTES) done();
    else this.#resumePeer = done;
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
    if (this.#resumePeer === null || this.#receivedBytes > RECEIVE_BUFFER_BYTES) return;
    const resumePeer = this.#resumePeer;
    this.#resumePeer = null;
    resumePeer();
  }
}
