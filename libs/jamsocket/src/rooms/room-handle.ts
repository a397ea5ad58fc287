import type { Recipient } from '../members/recipients.js';
import type { RoomAddress } from '../members/room-address.js';
import type { SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { FoundRoom, RoomCalls } from './room-calls.js';
import type { ArgumentsOf, MethodOf, ResultOf } from './service-types.js';

/**
 * A running room that code has found or made, wherever it runs: `RoomHandle<ChatRoom>` for its class.
 *
 * A handle stands for the room's id, not for one instance: when the room has stopped and was made anew, calls reach the new
 * one. Nothing has to be done when a handle is not needed any more.
 */
export class RoomHandle<Service extends object = any, Events = any> {
  /** Only for the compiler: handles of different classes are of different types. */
  declare readonly '~service'?: Service;
  /** Name of the service: its path without parameters; `default` for the default service. */
  readonly service: string;
  /** The room's id. */
  readonly id: string;
  /** Every parameter of the room's path, `room` among them. */
  readonly params: Readonly<Record<string, string>>;
  /** How many clients were in the room when the handle was made. It does not change: find the room again for a newer number. */
  readonly size: number;
  /** Private, so that what walks over the properties of an answer does not walk over the whole application. */
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
   * Calls a method of the room's service as a turn of that room's mailbox, and resolves with what it returns: as
   * `JamsocketRooms.invoke`, with the same errors.
   */
  async invoke<M extends MethodOf<Service>>(
    method: M,
    ...args: ArgumentsOf<Service, M>
  ): Promise<ResultOf<Service, M>> {
    const result = this.#calls.invoke(this.#definition, this.#address, method, args);
    return result as Promise<ResultOf<Service, M>>;
  }

  /**
   * Sends a text message, and resolves when the room has taken it: neither a turn of the room nor the clients are waited for.
   * So the message may arrive before what the room sends in handling earlier events.
   * @throws RefusedError `room_not_found` (404), `room_stopped` (503); JamsocketError `message_too_large` if it is longer than
   * `limits.maxBufferedBytes`, `bad_recipient`
   */
  async sendMessage(recipient: Recipient, text: string, options?: SendOptions): Promise<void> {
    await this.#calls.sendMessage(this.#definition, this.#address, recipient, text, options);
  }

  /**
   * Sends a binary message, as `sendMessage`. The caller may go on using the bytes at once.
   * @throws as `sendMessage`
   */
  async sendBinary(recipient: Recipient, bytes: Uint8Array, options?: SendOptions): Promise<void> {
    await this.#calls.sendBinary(this.#definition, this.#address, recipient, bytes, options);
  }

  /**
   * Sends `{ "event": event, "data": data }` as JSON text, as `sendMessage`.
   * @throws as `sendMessage`; TypeError for data that JSON cannot carry
   */
  async emit<Event extends keyof Events & string>(
    recipient: Recipient,
    event: Event,
    data?: Events[Event],
    options?: SendOptions,
  ): Promise<void> {
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
   * Ends the room for good: as `close`, and what was saved of it is deleted, whether it is running or not.
   * @param reason at most 123 bytes of UTF-8
   * @returns whether there was such a room; resolves when it is gone
   * @throws JamsocketError `bad_close_code`; StoreError if the store does not answer
   */
  async delete(reason = ''): Promise<boolean> {
    return this.#calls.delete(this.#definition, this.#address, reason);
  }

  /** What a controller answers that returns handles. */
  toJSON(): { service: string; id: string; params: Readonly<Record<string, string>>; size: number } {
    const { service, id, params, size } = this;
    return { service, id, params, size };
  }
}
