import { RoomError } from './errors.js';

/** One outgoing data frame. */
export interface Frame {
  readonly data: string | Uint8Array;
  /** Id of the request, if it is one. */
  readonly id?: string;
}

export interface LedgerBounds {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

/**
 * Counts and keeps the frames of one client: the number it has received, the sent frames that are not acknowledged, and
 * those that wait for a connection. Frames are counted from 1 over all connections of the client.
 */
export class Ledger {
  /** Data frames received. */
  received = 0;
  #acknowledged = 0;
  #sent: Frame[] = [];
  #waiting: Frame[] = [];
  #waitingBytes = 0;

  constructor(private readonly bounds: LedgerBounds) {}

  /** Sent frames that are not acknowledged, oldest first. */
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
        `There is no connection, and the queue is full: it holds ${maxQueuedMessages} messages and ${maxQueuedBytes} bytes`,
      );
    this.#waiting.push(frame);
    this.#waitingBytes = bytes;
  }

  /** Removes a request that waits for a connection. */
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

  /** The kept frames after the first `received` ones, which the server already has. */
  sentAfter(received: number): readonly Frame[] {
    return this.#sent.slice(Math.max(0, received - this.#acknowledged));
  }

  /** For a new client, which counts from 0. Waiting frames are kept for it. */
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
