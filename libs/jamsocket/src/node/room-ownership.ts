import { RefusedError } from '../base/errors.js';
import type { SharedCounts } from '../base/limits/shared-counts.js';
import type { RunPermit } from '../cluster/run-permit.js';
import type { Ownership } from '../room/room-services.js';
import type { RoomKey } from '../store/room-store.js';
import { nameOfRoom } from '../store/name-of-room.js';

/** The node, which claims rooms. */
interface Claims {
  readonly permit: RunPermit;
  claim(room: RoomKey): Promise<unknown>;
  release(room: RoomKey): Promise<unknown>;
}

/** Most rooms of the machine: of all services, and of each. */
export interface MaxRooms {
  readonly ofAll: number;
  of(service: string): number;
}

/** One instance of a room, from its claim to its release. */
interface Instance {
  isCounted: boolean;
}

/** Claims rooms for this process, and counts them for the machine, if there are limits on them. */
export class RoomOwnership implements Ownership {
  /** The latest instance of each room, by name. */
  readonly #instances = new Map<string, Instance>();

  /** @param counts `null` if no other process on this machine shares the limits */
  constructor(
    private readonly node: Claims,
    private readonly counts: SharedCounts | null,
    private readonly max: MaxRooms,
  ) {}

  get permit(): RunPermit {
    return this.node.permit;
  }

  async claim(room: RoomKey, isHandedOver: boolean): Promise<unknown> {
    const name = nameOfRoom(room);
    const instance: Instance = { isCounted: false };
    this.#instances.set(name, instance);
    try {
      await this.#count(room, instance, isHandedOver);
      // It was released meanwhile: nobody would release what it claims now.
      if (this.#instances.get(name) !== instance) return this.#uncount(room, instance);
      const claimed = await this.node.claim(room);
      // A later instance at this address will release it.
      if (!this.#instances.has(name)) void this.node.release(room);
      return claimed;
    } catch (error) {
      if (this.#instances.get(name) === instance) this.#instances.delete(name);
      this.#uncount(room, instance);
      throw error;
    }
  }

  release(room: RoomKey): Promise<unknown> {
    const name = nameOfRoom(room);
    const instance = this.#instances.get(name);
    this.#instances.delete(name);
    if (instance !== undefined) this.#uncount(room, instance);
    return this.node.release(room);
  }

  /** @throws RefusedError `too_many_rooms` */
  async #count(room: RoomKey, instance: Instance, isHandedOver: boolean): Promise<void> {
    const { ofAll } = this.max;
    const ofService = this.max.of(room.service);
    if (this.counts === null || (ofAll === Infinity && ofService === Infinity)) return;
    const [all, service] = countsFor(room);
    const full = await this.counts.add([
      // The process that hands it over counts it as well, for a moment.
      { name: all, max: isHandedOver ? Infinity : ofAll },
      { name: service, max: isHandedOver ? Infinity : ofService },
    ]);
    if (full !== undefined) throw new RefusedError(503, 'too_many_rooms', 'No more rooms can be made at the moment.');
    instance.isCounted = true;
  }

  #uncount(room: RoomKey, instance: Instance): void {
    if (instance.isCounted) this.counts!.remove(countsFor(room));
    instance.isCounted = false;
  }
}

function countsFor({ service }: RoomKey): readonly [string, string] {
  return ['rooms', `rooms of ${service}`];
}
