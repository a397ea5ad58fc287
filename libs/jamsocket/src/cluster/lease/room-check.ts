import { MAX_ROOMS_PER_RENEWAL, type OwnedRoom, type Renewed } from '../directory.js';
import type { OwnedRooms } from './owned-rooms.js';

/** What a check needs of the lease. */
export interface CheckedLease {
  readonly isSuspended: boolean;
  /** Renews the lease; the directory checks these rooms. @returns `undefined` if there is no answer in time. Never rejects. */
  renew(rooms: readonly OwnedRoom[]): Promise<Renewed | undefined>;
  /** Every room is confirmed. */
  passed(): void;
}

/**
 * Has the directory confirm every room, after the lease may have ended or the directory may have lost writes (its epoch has
 * changed). A check that fails begins again with the next renewal.
 */
export class RoomCheck {
  #epoch = '';
  #isDue = true;
  #isUnderWay = false;

  constructor(
    private readonly rooms: OwnedRooms,
    private readonly lease: CheckedLease,
  ) {}

  demand(): void {
    this.#isDue = true;
  }

  /** The directory has answered a renewal. Begins a check if one is due. */
  answered({ epoch, settlingMs }: Renewed): void {
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#isDue = true;
    }
    if (this.#isDue && !this.#isUnderWay) void this.#run(settlingMs);
  }

  async #run(settlingMs: number): Promise<void> {
    this.#isUnderWay = true;
    // A settling directory does not know yet which rooms of an absent node others had claimed.
    const waits = this.lease.isSuspended && this.rooms.size > 0;
    const hasPassed = !(waits && settlingMs > 0) && (await this.#confirmAll(waits));
    this.#isUnderWay = false;
    if (hasPassed) this.lease.passed();
  }

  /** @returns whether the lease was alive all the time, and nothing has to be checked again */
  async #confirmAll(waits: boolean): Promise<boolean> {
    const epoch = this.#epoch;
    const rooms = this.rooms.all();
    this.#isDue = false;
    for (let at = 0; at < Math.max(1, rooms.length); at += MAX_ROOMS_PER_RENEWAL) {
      // A room that was released since must not be asserted again.
      const chunk = rooms.slice(at, at + MAX_ROOMS_PER_RENEWAL).filter((owned) => this.rooms.get(owned.room) === owned);
      const renewed = await this.lease.renew(chunk);
      const isGood = renewed !== undefined && renewed.epoch === epoch && (renewed.wasAlive || renewed.settlingMs > 0);
      if (isGood && !(waits && renewed.settlingMs > 0)) continue;
      this.#isDue = true;
      return false;
    }
    return !this.#isDue;
  }
}
