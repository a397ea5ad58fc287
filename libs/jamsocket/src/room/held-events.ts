import { bytesOf, keepable, type ClientEvent } from './room-event.js';

/**
 * So much of a client's messages is read ahead while the mailbox of its room is full. TCP has one order: pings are
 * answered and a close is heard as long as no more than this stands in front of them.
 */
const MAX_BYTES = 64 * 1024;
/** About what an event takes besides its payload, so that empty messages count, too. */
const EVENT_BYTES = 100;

/** Messages of one client that have come while the mailbox of its room was full. */
export class HeldEvents {
  #events: ClientEvent[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#bytes >= MAX_BYTES;
  }

  push(event: ClientEvent): void {
    this.#events.push(keepable(event));
    this.#bytes += bytesOf(event) + EVENT_BYTES;
  }

  takeAll(): ClientEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return events;
  }

  shift(): ClientEvent | undefined {
    const event = this.#events.shift();
    if (event !== undefined) this.#bytes -= bytesOf(event) + EVENT_BYTES;
    return event;
  }
}
