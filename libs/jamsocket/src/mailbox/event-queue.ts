import type { WaitingEvent } from './waiting-event.js';

/** How events are kept while they wait. */
export interface EventKeeping<E> {
  /** Bytes of the event's payload. */
  bytesOf(event: E): number;
  /** The event without references to memory it does not need, since it may wait for a long time. */
  compacted(event: E): E;
}

export interface MailboxLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Cut this many handled events off the front of the queue, so that a queue that is never empty stays small. */
const COMPACT_AT = 1024;

/** The events that wait for their turns, in order of arrival. Beyond its limits the room pauses the senders. */
export class EventQueue<E> {
  #events: WaitingEvent<E>[] = [];
  /** Position of the first event. */
  #head = 0;
  #bytes = 0;

  constructor(
    private readonly limits: MailboxLimits,
    private readonly keeping: EventKeeping<E>,
  ) {}

  get length(): number {
    return this.#events.length - this.#head;
  }

  get events(): readonly E[] {
    return this.#events.slice(this.#head).map(({ event }) => event);
  }

  get isFull(): boolean {
    return this.length >= this.limits.maxEvents || this.#bytes >= this.limits.maxBytes;
  }

  get isHalfEmpty(): boolean {
    return this.length <= this.limits.maxEvents / 2 && this.#bytes <= this.limits.maxBytes / 2;
  }

  push(waiting: WaitingEvent<E>): void {
    this.#events.push(waiting);
    this.#bytes += this.keeping.bytesOf(waiting.event);
  }

  shift(): WaitingEvent<E> | undefined {
    if (this.#head === this.#events.length) return undefined;
    const waiting = this.#events[this.#head];
    this.#events[this.#head++] = undefined as never;
    this.#bytes -= this.keeping.bytesOf(waiting.event);
    if (this.#head === this.#events.length) {
      this.#events.length = 0;
      this.#head = 0;
    } else if (this.#head > COMPACT_AT) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return waiting;
  }

  /** Removes all events. */
  takeAll(): WaitingEvent<E>[] {
    const waiting = this.#events.slice(this.#head);
    this.#events = [];
    this.#head = 0;
    this.#bytes = 0;
    return waiting;
  }
}
