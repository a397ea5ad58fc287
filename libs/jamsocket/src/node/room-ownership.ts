import { RefusedError } from '../base/errors.js';
import type { SharedCounts } from '../base/limits/shared-counts.js';
import type { RunPermit } from '../cluster/run-permit.js';
import type { Ownership } from '../room/room-services.js';
import type { RoomKey } from '../store/room-store.js';

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

/** Claims rooms for this process, and counts them for the machine, if there are limits on them. */
export class RoomOwnership implements Ownership {
  /** The rooms that are counted or about to be, by name. */
  readonly #counted = new Map<string, CountedRoom>();

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
    const maxOfService = this.max.of(room.service);
    if (this.counts === null || (this.max.ofAll === Infinity && maxOfService === Infinity))
      return this.node.claim(room);
    await this.#count(this.counts, room, isHandedOver, maxOfService);
    try {
      return await this.node.claim(room);
    } catch (error) {
      this.#uncount(room);
      throw error;
    }
  }

  release(room: RoomKey): Promise<unknown> {
    this.#uncount(room);
    return this.node.release(room);
  }

  async #count(counts: SharedCounts, room: RoomKey, isHandedOver: boolean, maxOfService: number): Promise<void> {
    const [ofAll, ofService] = namesFor(room);
    const counted: CountedRoom = { isThere: false };
    this.#counted.set(nameOf(room), counted);
    const full = await counts.add([
      // The process that hands it over counts it as well, for a moment.
      { name: ofAll, max: isHandedOver ? Infinity : this.max.ofAll },
      { name: ofService, max: isHandedOver ? Infinity : maxOfService },
    ]);
    const isGone = this.#counted.get(nameOf(room)) !== counted;
    if (full !== undefined) {
      if (!isGone) this.#counted.delete(nameOf(room));
      throw new RefusedError(503, 'too_many_rooms', 'No more rooms can be made at the moment.');
    }
    counted.isThere = true;
    // The room was abandoned before it was counted.
    if (isGone) counts.remove(namesFor(room));
  }

  #uncount(room: RoomKey): void {
    const counted = this.#counted.get(nameOf(room));
    if (counted === undefined) return;
    this.#counted.delete(nameOf(room));
    if (counted.isThere) this.counts!.remove(namesFor(room));
  }
}

interface CountedRoom {
  isThere: boolean;
}

function namesFor({ service }: RoomKey): readonly [string, string] {
  return ['rooms', `rooms of ${service}`];
}

function nameOf({ service, key }: RoomKey): string {
  return `${service}\n${key}`;
}
