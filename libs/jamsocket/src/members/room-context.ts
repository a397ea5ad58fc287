import { Frame } from '../wire/frame.js';
import { CloseCode } from '../base/protocol.js';
import { DEFAULT_TIMER } from '../decorators/metadata.js';
import { JamsocketError } from '../base/errors.js';
import type { RoomPresence } from '../base/presence.js';
import { assertBytes, assertFits, assertText } from '../base/checks/assert-payload.js';
import { assertCloseReason } from '../base/close-code.js';
import type { Client, ClientId } from './client.js';
import type { Restored } from './room-lifecycle.js';
import type { EventsIn, PresenceIn } from '../decorators/contract.js';
import { deliver, type Recipient } from './recipients.js';
import { sendsOf, type EmitArguments, type EventName, type SendOptions } from './send-options.js';
import type { RoomPort } from './room-port.js';

/**
 * A room service's access to its room. Inject it into the service, or into a provider that the service injects: such a
 * provider becomes room-scoped, with one instance per room.
 *
 * `JamsocketContext<{ moved: Point }>` names the events that the room emits, with the type of their data; so does
 * `JamsocketContext<typeof game>` for a contract. `Data` is the type of the clients' `data`.
 */
export class JamsocketContext<Events = any, Data = unknown> {
  /** Only for the compiler: the client's `RoomContract` reads the room's events from it. */
  declare readonly '~events'?: EventsIn<Events>;
  #abort: AbortController | null = null;
  /** Private, so that code which serializes a response does not walk through the whole room. */
  readonly #room: RoomPort<Client>;

  /** @internal */
  constructor(room: RoomPort<Client>) {
    this.#room = room;
  }

  /** @internal */
  get room(): RoomPort<Client> {
    return this.#room;
  }

  /** Id of the room, percent-decoded. */
  get roomId(): string {
    return this.room.address.roomId;
  }

  /** Name of the service: its path without parameters; `default` for the default service. */
  get service(): string {
    return this.room.definition.service;
  }

  /** Every parameter of the room's path, `room` among them. */
  get params(): Readonly<Record<string, string>> {
    return this.room.address.params;
  }

  /**
   * The clients in the room, from the start of their `@OnConnect` until they have left. Clients that are away (connection
   * lost, may resume) are included.
   */
  get clients(): ReadonlyMap<ClientId, Client<Data, Events>> {
    return this.room.members.clients as ReadonlyMap<ClientId, Client<Data, Events>>;
  }

  /**
   * Who is in the room, and who is away, with the value of each client. For classes with `@Presence()`.
   * @throws JamsocketError `no_presence` for other classes
   */
  get presence(): RoomPresence<PresenceIn<Events>> {
    const { presence, definition } = this.room;
    if (presence !== null) return presence;
    const { name } = definition.type;
    throw new JamsocketError('no_presence', `${name} has no presence: decorate the class with @Presence().`);
  }

  /** Aborted when the room stops. Pass it to work that should end with the room, such as `fetch`. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.room.state === 'stopped') this.abort();
    }
    return this.#abort.signal;
  }

  /**
   * Sends a text message. Clients that have left are skipped. Does nothing in a room that has stopped.
   * @throws JamsocketError `message_too_large` if it is longer than `limits.maxBufferedBytes`, `bad_recipient`
   */
  sendMessage(recipient: Recipient, text: string, options?: SendOptions): void {
    assertText(text);
    assertFits(text, this.room.definition.options.limits);
    deliver(Frame.text(text, options?.volatile), recipient, sendsOf(this.room.members, options));
  }

  /**
   * Sends a binary message. The bytes are copied: the caller may reuse them at once.
   * @throws JamsocketError `message_too_large` if it is longer than `limits.maxBufferedBytes`, `bad_recipient`
   */
  sendBinary(recipient: Recipient, bytes: Uint8Array, options?: SendOptions): void {
    assertBytes(bytes);
    assertFits(bytes, this.room.definition.options.limits);
    deliver(Frame.binary(bytes, options?.volatile), recipient, sendsOf(this.room.members, options));
  }

  /**
   * Sends `{ "event": event, "data": data }` as JSON text.
   * @throws JamsocketError `message_too_large`, `bad_recipient`; TypeError for data that JSON cannot carry
   */
  emit<Event extends EventName<Events>>(
    recipient: Recipient,
    event: Event,
    ...args: EmitArguments<Events, Event>
  ): void;
  emit(recipient: Recipient, event: string, data?: unknown, options?: SendOptions): void {
    this.sendMessage(recipient, JSON.stringify({ event, data }), options);
  }

  /**
   * Runs `@OnTimer(name)` once, `ms` milliseconds from now. Months are possible. A timer with the same name is replaced; 0
   * cancels it.
   * @throws JamsocketError `unknown_timer` if the class has no `@OnTimer` of this name, `bad_timer` if `ms` is negative
   * or not a finite number
   */
  setTimer(ms: number, name: string = DEFAULT_TIMER): void {
    const { timers, type } = this.room.definition;
    if (!timers.has(name)) {
      const known = [...timers].map((timer) => `"${timer}"`).join(', ') || 'none';
      throw new JamsocketError(
        'unknown_timer',
        `${type.name} sets the timer "${name}", but no method has @OnTimer('${name}'). Its timers: ${known}.`,
      );
    }
    const { state, lifecycle, timers: pending } = this.room;
    // A durable room that is ending saves its timers for the next instance.
    if (state === 'starting' || state === 'running' || (state === 'draining' && lifecycle !== null))
      pending.set(name, ms);
  }

  /** Cancels the timer with this name, or the `@Interval`, `@Timeout` or `@Cron` if no `@OnTimer` has this name. */
  clearTimer(name: string = DEFAULT_TIMER): void {
    this.room.timers.clear(name);
  }

  /**
   * Stops the room: every client is closed with 1000 and this reason, then `@OnDestroy` runs.
   * @param reason at most 123 bytes of UTF-8
   * @throws JamsocketError `bad_close_code`
   */
  close(reason = ''): void {
    assertCloseReason(reason);
    this.room.close(CloseCode.normal, reason);
  }

  /** What a controller sends when it returns a context. `clients` is the number of clients. */
  toJSON(): { service: string; roomId: string; params: Readonly<Record<string, string>>; clients: number } {
    const { service, roomId, params, clients } = this;
    return { service, roomId, params, clients: clients.size };
  }

  /**
   * How and when an earlier instance was saved; `undefined` in a new room. In a room that is not durable only after it has
   * moved here from another node.
   */
  get restored(): Restored | undefined {
    return this.room.lifecycle?.restored ?? this.room.movedHere;
  }

  /**
   * Saves the room now, including what the present turn has done so far. Resolves when the store has committed it; in a room
   * that is not durable, at once.
   * @throws DurableError `bad_state` if a `@State()` field cannot be saved, `not_saved` if the room stops first
   */
  save(): Promise<void> {
    const saved = this.room.lifecycle?.save() ?? Promise.resolve();
    // An unhandled rejection ends the process: that is too much for a handler that does not wait for its save.
    saved.catch(() => undefined);
    return saved;
  }

  /**
   * Closes the room as `close` does and deletes its saved record.
   * @param reason at most 123 bytes of UTF-8
   * @throws JamsocketError `bad_close_code`
   */
  destroy(reason = ''): void {
    assertCloseReason(reason);
    this.room.destroy(reason);
  }

  /** @internal */
  abort(): void {
    this.#abort?.abort();
  }
}
