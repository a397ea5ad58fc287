import { AsyncResource } from 'node:async_hooks';
import { WaitingEvent } from '../../mailbox/waiting-event.js';
import type { Client } from '../../members/client.js';
import type { Mailbox } from '../../mailbox/mailbox.js';
import { bytesOf, compacted, type RoomEvent } from '../room-event.js';

/** Events of one client that must keep their order. */
export type HeldEvent = Extract<RoomEvent, { type: 'text' | 'binary' | 'resume' }>;

/** While the mailbox is full, this much is read ahead from a client; the last message may exceed it. */
const MAX_BYTES = 64 * 1024;
/** Estimated size of an event without its payload, so that empty messages count too. */
const EVENT_BYTES = 200;

/**
 * The messages that were read from one client while its room's mailbox was full. It is also the async context in which
 * the socket is resumed: messages read then must not run in the context of whatever turn emptied the mailbox.
 */
class HeldEvents extends AsyncResource {
  /** Estimated memory: two bytes a character of text, and `EVENT_BYTES` an event. */
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
 * The clients that sent something while the room's mailbox was full. Up to `MAX_BYTES` more is read from their sockets:
 * pings and closes come after the messages in the TCP stream and must be seen. What is read is held here and enters
 * the mailbox before anything the client sends later.
 */
export class HeldUp {
  /** The client whose turn was longest ago is first. */
  readonly #clients = new Map<Client, HeldEvents>();
  /** Bytes left by departed clients since the last drain. */
  #bytesOfDeparted = 0;

  /** Holds everything that the client sends from now on. */
  add(client: Client): void {
    const held = this.#clients.get(client) ?? new HeldEvents();
    client.held = held;
    this.#clients.set(client, held);
  }

  /** Stops reading the client's socket when it has sent too much. */
  hold(event: HeldEvent): void {
    const held = this.#clients.get(event.client)!;
    held.push(event);
    if (held.isFull) event.client.connection?.pause();
  }

  /** The mailbox takes events again: adds one event of each client in rotation, so that no client blocks the others. */
  handOn(mailbox: Pick<Mailbox<RoomEvent>, 'postWaiting' | 'isFull'>): void {
    this.#bytesOfDeparted = 0;
    const clients = this.#clients;
    // A client that is added again is visited again: a Map iterates over entries added during the loop.
    for (const [client, held] of clients) {
      if (mailbox.isFull) return;
      clients.delete(client);
      const waiting = held.shift();
      if (waiting === undefined) {
        client.held = null;
        // Resuming may deliver more messages at once, and add the client again.
        held.runInAsyncScope(() => client.connection?.resume());
      } else {
        clients.set(client, held);
        mailbox.postWaiting(waiting);
      }
    }
  }

  /** When a client leaves, its held messages enter the mailbox even if it is full: their turns come before `@OnDisconnect`. */
  giveUp(client: Client, mailbox: Pick<Mailbox<RoomEvent>, 'postWaiting'>): void {
    const held = this.#clients.get(client);
    if (held === undefined) return;
    client.held = null;
    this.#clients.delete(client);
    this.#bytesOfDeparted += held.bytes;
    for (let waiting = held.shift(); waiting !== undefined; waiting = held.shift()) mailbox.postWaiting(waiting);
  }

  /** Whether departed clients have left more than `maxBytes` in the mailbox. Its own limits do not apply to them. */
  isSwamped(maxBytes: number): boolean {
    return this.#bytesOfDeparted > maxBytes;
  }
}
