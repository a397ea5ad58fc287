import { JamsocketError, RefusedError } from '../base/errors.js';
import { CloseCode } from '../base/protocol.js';
import { assertCloseReason } from '../base/close-code.js';
import type { Durability } from '../durable/durability.js';
import type { Recipient } from '../members/recipients.js';
import type { RoomAddress } from '../members/room-address.js';
import type { SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { Room } from '../room/room.js';
import { currentTurn, isInTurnOf } from '../room/turns/turn-scope.js';
import { callAsTurn } from './call-as-turn.js';
import type { FoundRoom, RoomCalls } from './room-calls.js';
import type { RoomRegistry } from './room-registry.js';

/** Calls rooms of this process. All methods are async, so every error becomes a rejection. */
export class LocalRoomCalls implements RoomCalls {
  constructor(
    private readonly registry: Pick<RoomRegistry, 'create' | 'get' | 'list' | 'reserveSaved'>,
    /** `null` without a store. */
    private readonly durability: Pick<Durability, 'delete'> | null = null,
  ) {}

  async create(definition: RoomDefinition, address: RoomAddress): Promise<FoundRoom> {
    return foundAs(await this.registry.create(definition, address));
  }

  async find(definition: RoomDefinition, { key }: RoomAddress): Promise<FoundRoom | undefined> {
    const room = this.registry.get(definition, key);
    return room && foundAs(room);
  }

  async list(definition?: RoomDefinition): Promise<FoundRoom[]> {
    return this.registry.list(definition).map(foundAs);
  }

  async invoke(
    definition: RoomDefinition,
    address: RoomAddress,
    method: string,
    args: readonly unknown[],
  ): Promise<unknown> {
    const running = this.registry.get(definition, address.key);
    if (running === undefined) return this.#invokeSaved(definition, address, method, args);
    if (isInTurnOf(running)) {
      const message = `${definition.type.name}.${method} was invoked in a turn of the room it belongs to, "${address.key}": it would wait for itself. Call the method directly.`;
      throw new JamsocketError('room_invokes_itself', message);
    }
    running.requireStore();
    return callAsTurn(running, method, args, currentTurn());
  }

  /** Calls a room that is saved but not running: it is restored, and stops again if it has no clients. */
  async #invokeSaved(
    definition: RoomDefinition,
    address: RoomAddress,
    method: string,
    args: readonly unknown[],
  ): Promise<unknown> {
    const caller = currentTurn();
    const room = await this.registry.reserveSaved(definition, address);
    if (room === undefined) throw notFound(definition, address);
    try {
      return await callAsTurn(room, method, args, caller);
    } finally {
      room.occupancy.release();
    }
  }

  async sendMessage(
    definition: RoomDefinition,
    address: RoomAddress,
    recipient: Recipient,
    text: string,
    options?: SendOptions,
  ): Promise<void> {
    this.#running(definition, address).context.sendMessage(recipient, text, options);
  }

  async sendBinary(
    definition: RoomDefinition,
    address: RoomAddress,
    recipient: Recipient,
    bytes: Uint8Array,
    options?: SendOptions,
  ): Promise<void> {
    this.#running(definition, address).context.sendBinary(recipient, bytes, options);
  }

  async close(definition: RoomDefinition, { key }: RoomAddress, reason: string): Promise<boolean> {
    assertCloseReason(reason);
    const room = this.registry.get(definition, key);
    if (room === undefined) return false;
    const isOwnTurn = isInTurnOf(room);
    room.close(CloseCode.normal, reason);
    // A room that closes itself must not wait: it stops only after the present turn.
    if (!isOwnTurn) await room.stopped;
    return true;
  }

  async delete(definition: RoomDefinition, { key }: RoomAddress, reason: string): Promise<boolean> {
    assertCloseReason(reason);
    const room = this.registry.get(definition, key);
    if (room !== undefined) {
      const isOwnTurn = isInTurnOf(room);
      room.destroy(reason);
      if (isOwnTurn) return true;
      await room.stopped;
      // Another process has claimed the room, or the store has refused: that must not leave the record.
      if (room.lifecycle !== null && !room.end.isRecordDeleted) await this.#deleteRecord(definition, key);
      return true;
    }
    return this.#deleteRecord(definition, key);
  }

  /** @returns whether there was one */
  async #deleteRecord({ service, options }: RoomDefinition, key: string): Promise<boolean> {
    if (this.durability === null || !options.durable) return false;
    return this.durability.delete({ service, key });
  }

  #running(definition: RoomDefinition, address: RoomAddress): Room {
    const room = this.registry.get(definition, address.key);
    if (room !== undefined) return room;
    throw notFound(definition, address);
  }
}

function notFound({ type }: RoomDefinition, { key }: RoomAddress): RefusedError {
  return new RefusedError(404, 'room_not_found', `${type.name} has no running room ${JSON.stringify(key)}.`);
}

function foundAs({ definition, address, members }: Room): FoundRoom {
  return { definition, address, size: members.clients.size };
}
