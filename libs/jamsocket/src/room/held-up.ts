import { AsyncResource } from 'node:async_hooks';
import { WaitingEvent } from '../base/waiting-event.js';
import type { Client } from '../members/client.js';
import type { Mailbox } from './mailbox.js';
import { bytesOf, compacted, type RoomEvent } from './room-event.js';

/** What happens to a client in the order in which it sent it. */
type HeldEvent = Extract<RoomEvent, { type: 'text' | 'binary' | 'resume' }>;

/** So much of a client's messages is read ahead while the mailbox of its room is full; the last of them is kept whole. */
const MAX_BYTES = 64 * 1024;
/** About what an event takes besides its payload, so that empty messages count, too. */
const EVENT_BYTES = 200;

/**
 * Messages of one client that have come while the mailbox of its room was full, and the async context they come in:
 * what was read ahead of them belongs there, too.
 */
class HeldEvents extends AsyncResource {
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

/**
 * The clients of a room that sent something while its mailbox was full. Their sockets are read on for a while, so that
 * pings are answered and a close is heard, which in TCP's one order stand behind the messages. What is read is held
 * here, and has its turn before all that the client sends later.
 */
export class HeldUp {
  /** Whoever was served longest ago comes first. Made when it is needed: most rooms are idle. */
  #clients: Map<Client, HeldEvents> | null = null;
  /** Bytes that clients left in a full mailbox when they went, since it was half empty. */
  #leftBehind = 0;

  /** What the client sends from now on is held. */
  add(client: Client): void {
    const held = (this.#clients ??= new Map<Client, HeldEvents>()).get(client) ?? new HeldEvents();
    client.held = held;
    this.#clients.set(client, held);
  }

  /** Its socket is read until this is too much. */
  hold(event: HeldEvent): void {
    const held = this.#clients!.get(event.client)!;
    held.push(event);
    if (held.isFull) event.client.connection?.pause();
  }

  /** The mailbox has room again: gives it one event of each client in turn, so that none keeps the others out. */
  handOn(mailbox: Pick<Mailbox<RoomEvent>, 'postWaiting' | 'isFull'>): void {
    this.#leftBehind = 0;
    const clients = this.#clients;
    // The loop comes back to those that are added again.
    for (const [client, held] of clients ?? []) {
      if (mailbox.isFull) return;
      clients!.delete(client);
      const waiting = held.shift();
      if (waiting === undefined) {
        client.held = null;
        // It may have more to say at once, and be added again.
        held.runInAsyncScope(() => client.connection?.resume());
      } else {
        clients!.set(client, held);
        mailbox.postWaiting(waiting);
      }
    }
  }

  /** The client has left. Its messages have to have their turns before its end. */
  giveUp(client: Client, mailbox: Pick<Mailbox<RoomEvent>, 'postWaiting'>): void {
    const held = this.#clients?.get(client);
    if (held === undefined) return;
    client.held = null;
    this.#clients!.delete(client);
    this.#leftBehind += held.bytes;
    for (let waiting = held.shift(); waiting !== undefined; waiting = held.shift()) mailbox.postWaiting(waiting);
  }

  /** Whether clients that came and went have left more than `maxBytes` in the mailbox, whose limits did not stop them. */
  isSwamped(maxBytes: number): boolean {
    return this.#leftBehind > maxBytes;
  }
}
