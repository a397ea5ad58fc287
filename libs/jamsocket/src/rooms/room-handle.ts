import type { Recipient } from '../members/recipients.js';
import type { RoomAddress } from '../members/room-address.js';
import type { EmitArguments, EventName, SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { FoundRoom, RoomCalls } from './room-calls.js';
import type { ArgumentsOf, MethodOf, ResultOf } from './service-types.js';

/**
 * A room that `find`, `list` or `create` returned, in this process or another: `RoomHandle<ChatRoom>` for a room of that
 * class.
 *
 * A handle stands for the room's id, not for one instance: if the room stops and is created again, calls reach the new
 * instance. A handle needs no clean-up.
 */
export class RoomHandle<Service extends object = any, Events = any> {
  /** Only for the compiler: it makes handles of different classes different types. */
  declare readonly '~service'?: Service;
  /** Name of the service: its path without parameters; `default` for the default service. */
  readonly service: string;
  /** The room's id. */
  readonly id: string;
  /** Every parameter of the room's path, `room` among them. */
  readonly params: Readonly<Record<string, string>>;
  /** How many clients were in the room when it was looked up. It does not change: find the room again for a newer number. */
  readonly size: number;
  /** Private, so that code which serializes a response does not walk through the whole application. */
  readonly #calls: RoomCalls;
  readonly #definition: RoomDefinition;
  readonly #address: RoomAddress;

  /** @internal */
  constructor(calls: RoomCalls, { definition, address, size }: FoundRoom) {
    this.service = definition.service;
    this.id = address.roomId;
    this.params = address.params;
    this.size = size;
    this.#calls = calls;
    this.#definition = definition;
    this.#address = address;
  }

  /**
   * Calls a method of the room's service as a turn of that room and resolves with the result. Throws the errors of
   * `JamsocketRooms.invoke`.
   */
  async invoke<M extends MethodOf<Service>>(
    method: M,
    ...args: ArgumentsOf<Service, M>
  ): Promise<ResultOf<Service, M>> {
    const result = this.#calls.invoke(this.#definition, this.#address, method, args);
    return result as Promise<ResultOf<Service, M>>;
  }

  /**
   * Sends a text message and resolves when the room has taken it. It waits neither for a turn of the room nor for the
   * clients, so the message may arrive before messages that the room sends while it handles earlier events.
   * @throws RefusedError `room_not_found` (404), `room_stopped` (503); JamsocketError `message_too_large` if it is longer than
   * `limits.maxBufferedBytes`, `bad_recipient`
   */
  async sendMessage(recipient: Recipient, text: string, options?: SendOptions): Promise<void> {
    await this.#calls.sendMessage(this.#definition, this.#address, recipient, text, options);
  }

  /**
   * Sends a binary message, as `sendMessage`. The bytes are copied: the caller may reuse them at once.
   * @throws as `sendMessage`
   */
  async sendBinary(recipient: Recipient, bytes: Uint8Array, options?: SendOptions): Promise<void> {
    await this.#calls.sendBinary(this.#definition, this.#address, recipient, bytes, options);
  }

  /**
   * Sends `{ "event": event, "data": data }` as JSON text, as `sendMessage`.
   * @throws as `sendMessage`; TypeError for data that JSON cannot carry
   */
  emit<Event extends EventName<Events>>(
    recipient: Recipient,
    event: Event,
    ...args: EmitArguments<Events, Event>
  ): Promise<void>;
  async emit(recipient: Recipient, event: string, data?: unknown, options?: SendOptions): Promise<void> {
    await this.sendMessage(recipient, JSON.stringify({ event, data }), options);
  }

  /**
   * Closes every client of the room with 1000 and stops it.
   * @param reason at most 123 bytes of UTF-8
   * @returns whether there was such a room; resolves when it has stopped
   * @throws JamsocketError `bad_close_code`
   */
  async close(reason = ''): Promise<boolean> {
    return this.#calls.close(this.#definition, this.#address, reason);
  }

  /**
   * Closes the room as `close` does and deletes its saved record. The room need not be running.
   * @param reason at most 123 bytes of UTF-8
   * @returns whether there was such a room; resolves when it has stopped and its record is deleted
   * @throws JamsocketError `bad_close_code`; StoreError if the store does not answer
   */
  async delete(reason = ''): Promise<boolean> {
    return this.#calls.delete(this.#definition, this.#address, reason);
  }

  /** What a controller sends when it returns a handle. */
  toJSON(): { service: string; id: string; params: Readonly<Record<string, string>>; size: number } {
    const { service, id, params, size } = this;
    return { service, id, params, size };
  }
}
