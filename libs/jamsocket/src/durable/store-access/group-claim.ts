import { isInstance } from '../../base/foreign-value.js';
import { assertRoomKey } from '../../store/assert-room-key.js';
import type { Claim, ClaimRequest, RoomStore } from '../../store/room-store.js';

/** What the store reads for one request is in memory at the same time. */
const MAX_BATCH = 64;

interface Waiting {
  readonly request: ClaimRequest;
  readonly resolve: (claim: Claim | Promise<Claim>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Claims rooms for the whole process: those of one tick of the event loop with one request, since a store needs about as
 * long for many as for one. If the store cannot do that, each room has its own request.
 */
export class GroupClaim {
  #waiting: Waiting[] = [];

  constructor(private readonly store: RoomStore) {}

  /** @throws RangeError, and whatever the store rejects with */
  async claim(request: ClaimRequest): Promise<Claim> {
    if (this.store.claimAll === undefined) return this.#alone(request);
    // A client may have chosen the name: an invalid one must not fail the whole batch.
    assertRoomKey(request.room);
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ request, resolve, reject }) === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const batch of batchesOf(waiting)) void this.#claimAll(batch);
  }

  /** Never rejects. */
  async #claimAll(batch: readonly Waiting[]): Promise<void> {
    try {
      const found = await this.store.claimAll!(batch.map(({ request }) => request));
      if (found.length !== batch.length)
        throw new Error(`claimAll resolved with ${found.length} claims for ${batch.length} rooms`);
      batch.forEach(({ resolve, reject }, at) => {
        const claim = found[at];
        if ('fence' in claim) resolve(claim);
        else reject(claim);
      });
    } catch (error) {
      // The store refuses a name: it is at fault for one room only.
      const isOfOne = isInstance(error, RangeError) && batch.length > 1;
      for (const { request, resolve, reject } of batch) {
        if (isOfOne) resolve(this.#alone(request));
        else reject(error);
      }
    }
  }

  #alone({ room, owner, minFence }: ClaimRequest): Promise<Claim> {
    return this.store.claim(room, owner, minFence);
  }
}

/** No batch has a room twice. */
function batchesOf(waiting: readonly Waiting[]): Waiting[][] {
  const batches: Waiting[][] = [];
  let rooms = new Set<string>();
  for (const each of waiting) {
    const name = JSON.stringify([each.request.room.service, each.request.room.key]);
    if (batches.length === 0 || rooms.size === MAX_BATCH || rooms.has(name)) {
      batches.push([]);
      rooms = new Set();
    }
    rooms.add(name);
    batches.at(-1)!.push(each);
  }
  return batches;
}
