import { RoomError } from './errors.js';

/** What goes out as one data frame. */
export interface Frame {
  readonly data: string | Uint8Array;
  /** If it is a request. */
  readonly id?: string;
}

export interface LedgerBounds {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

/**
 * The books of one client: how much it has received, what it has sent and the server has not acknowledged, and what
 * waits for a connection. Frames count from 1 over all connections of the client.
 */
export class Ledger {
  /** Data frames received. */
  received = 0;
  #acknowledged = 0;
  #sent: Frame[] = [];
  #waiting: Frame[] = [];
  #waitingBytes = 0;

  constructor(private readonly bounds: LedgerBounds) {}

  /** Sent and not acknowledged, oldest first. */
  get unconfirmed(): readonly Frame[] {
    return this.#sent;
  }

  get waiting(): readonly Frame[] {
    return this.#waiting;
  }

  /** @throws RoomError `queue_full` */
  wait(frame: Frame): void {
    const { maxQueuedMessages, maxQueuedBytes } = this.bounds;
    const bytes = this.#waitingBytes + bytesOf(frame);
    if (this.#waiting.length >= maxQueuedMessages || bytes > maxQueuedBytes)
      throw new RoomError(
        'queue_full',
        `No connection, and no more than ${maxQueuedMessages} messages or ${maxQueuedBytes} bytes may wait for one`,
      );
    this.#waiting.push(frame);
    this.#waitingBytes = bytes;
  }

  /** Takes back what has not been sent yet. */
  withdraw(id: string): void {
    this.#setWaiting(this.#waiting.filter((frame) => frame.id !== id));
  }

  takeWaiting(): Frame[] {
    const taken = this.#waiting;
    this.#setWaiting([]);
    return taken;
  }

  /** Keeps a frame until it is acknowledged. */
  keep(frame: Frame): void {
    this.#sent.push(frame);
  }

  /** The room has handled this many frames. */
  acknowledge(handled: number): void {
    const count = Math.min(handled - this.#acknowledged, this.#sent.length);
    if (!(count > 0)) return;
    this.#sent.splice(0, count);
    this.#acknowledged += count;
  }

  /** What a server that has received this many frames has not got. The others wait for their turns there. */
  sentAfter(received: number): readonly Frame[] {
    return this.#sent.slice(Math.max(0, received - this.#acknowledged));
  }

  /** A new client counts from 0; what waits is for it. */
  startOver(): void {
    this.received = this.#acknowledged = 0;
    this.#sent = [];
  }

  #setWaiting(frames: Frame[]): void {
    this.#waiting = frames;
    this.#waitingBytes = frames.reduce((sum, frame) => sum + bytesOf(frame), 0);
  }
}

function bytesOf({ data }: Frame): number {
  return (typeof data === 'string' ? new TextEncoder().encode(data) : data).length;
}
