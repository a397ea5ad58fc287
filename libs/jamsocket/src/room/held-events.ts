import { AsyncResource } from 'node:async_hooks';
import { bytesOf, compacted, type RoomEvent } from './room-event.js';
import { WaitingEvent } from '../base/waiting-event.js';

/** What happens to a client in the order in which it sent it. */
export type HeldEvent = Extract<RoomEvent, { type: 'text' | 'binary' | 'resume' }>;

/** So much of a client's messages is read ahead while the mailbox of its room is full; the last of them is kept whole. */
const MAX_BYTES = 64 * 1024;
/** About what an event takes besides its payload, so that empty messages count, too. */
const EVENT_BYTES = 200;

/**
 * Messages of one client that have come while the mailbox of its room was full, and the async context they come in:
 * what was read ahead of them belongs there, too.
 */
export class HeldEvents extends AsyncResource {
  /** In memory, about: two for each character of a text, and something for each event. */
  bytes = 0;
  #events: WaitingEvent<HeldEvent>[] = [];

  constructor() {
    super('JamsocketHeld');
  }

  get isFull(): boolean {
    return this.bytes >= MAX_BYTES;
  }

  push(event: HeldEvent): void {
    this.#events.push(new WaitingEvent(compacted(event)));
    this.bytes += bytesOf(event) + EVENT_BYTES;
  }

  shift(): WaitingEvent<HeldEvent> | undefined {
    const waiting = this.#events.shift();
    if (waiting !== undefined) this.bytes -= bytesOf(waiting.event) + EVENT_BYTES;
    return waiting;
  }
}
