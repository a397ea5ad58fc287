import { Frame } from '../wire/frame.js';
import { CloseCode } from '../base/protocol.js';
import { DEFAULT_TIMER } from '../decorators/metadata.js';
import { JamsocketError } from '../base/errors.js';
import { assertBytes, assertFits, assertText } from '../base/assert-payload.js';
import { assertCloseReason } from '../base/close-code.js';
import type { Client, ClientId } from './client.js';
import type { Restored } from './room-lifecycle.js';
import { deliver, type Recipient } from './recipients.js';
import type { SendOptions } from './send-options.js';
import type { RoomPort } from './room-port.js';

/**
 * What a room service talks to its room with. Inject it into the service or into any provider the service injects:
 * such a provider becomes room-scoped, and everything in one room shares one instance of it.
 *
 * `JamsocketContext<{ moved: Point }>` names the events that the room emits, with the type of their data.
 */
export class JamsocketContext<Events = any> {
  /** Only for the compiler: the client's `RoomContract` finds the room's events here. */
  declare readonly '~events'?: Events;
  #abort: AbortController | null = null;
  /** Private, so that what walks over the properties of an answer does not walk over the whole room. */
  readonly #room: RoomPort<Client>;

  /** @internal */
  constructor(room: RoomPort<Client>) {
    this.#room = room;
  }

  /** @internal */
  get room(): RoomPort<Client> {
    return this.#room;
  }

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
   * Who is in the room: from the beginning of their `@OnConnect` until they have left. A client whose connection is lost
   * and who may come back is still in it.
   */
  get clients(): ReadonlyMap<ClientId, Client> {
    return this.room.members.clients;
  }

  /** Aborted when the room stops: give it to whatever should not outlive the room, such as `fetch`. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.room.state === 'stopped') this.abort();
    }
    return this.#abort.signal;
  }

  /**
   * Sends a text message. Whoever has gone is passed over; in a room that has stopped nothing happens.
   * @throws JamsocketError `message_too_large` if it is longer than `limits.maxBufferedBytes`, `bad_recipient`
   */
  sendMessage(recipient: Recipient, text: string, options?: SendOptions): void {
    assertText(text);
    assertFits(text, this.room.definition.options.limits);
    deliver(Frame.text(text, options?.volatile), recipient, this.room.members);
  }

  /**
   * Sends a binary message; the bytes are copied, so the caller may go on using them.
   * @throws JamsocketError `message_too_large` if it is longer than `limits.maxBufferedBytes`, `bad_recipient`
   */
  sendBinary(recipient: Recipient, bytes: Uint8Array, options?: SendOptions): void {
    assertBytes(bytes);
    assertFits(bytes, this.room.definition.options.limits);
    deliver(Frame.binary(bytes, options?.volatile), recipient, this.room.members);
  }

  /**
   * Sends `{ "event": event, "data": data }` as JSON text.
   * @throws JamsocketError `message_too_large`, `bad_recipient`; TypeError for data that JSON cannot carry
   */
  emit<Event extends keyof Events & string>(
    recipient: Recipient,
    event: Event,
    data?: Events[Event],
    options?: SendOptions,
  ): void {
    this.sendMessage(recipient, JSON.stringify({ event, data }), options);
  }

  /**
   * Has `@OnTimer(name)` run once in `ms` milliseconds, which may be months. A timer of the same name is replaced; 0
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
    if (this.room.state === 'starting' || this.room.state === 'running') this.room.timers.set(name, ms);
  }

  /** Cancels the timer of this name, or the `@Interval`, `@Timeout` or `@Cron` if no `@OnTimer` has the name. */
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

  /** What a controller answers that returns contexts. `clients` is how many there are. */
  toJSON(): { service: string; roomId: string; params: Readonly<Record<string, string>>; clients: number } {
    const { service, roomId, params, clients } = this;
    return { service, roomId, params, clients: clients.size };
  }

  /** What there was before this instance; `undefined` in a new room, and in one that is not durable. */
  get restored(): Restored | undefined {
    return this.room.lifecycle?.restored;
  }

  /**
   * Saves the room now. Resolves when everything so far is as durable as the store makes it, what the present turn has
   * done included. In a room that is not durable it resolves at once.
   * @throws DurableError `bad_state` if a `@State()` field cannot be saved, `not_saved` if the room stops first
   */
  async save(): Promise<void> {
    await this.room.lifecycle?.save();
  }

  /**
   * Ends the room for good: as `close`, and what was saved of it is deleted.
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
