import type { Client } from '../members/client.js';
import type { Restored, RoomLifecycle, RoomSaving } from '../members/room-lifecycle.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Claim, RoomKey } from '../store/room-store.js';
import type { DurableRoom } from './durable-room.js';
import type { EndReason } from './record.js';
import { claimRoom, restoreRoom, type ClaimServices, type SavedBefore } from './restore-room.js';
import { RoomOutput } from './saving/room-output.js';
import { RoomWrites, type WriteServices } from './saving/room-writes.js';

/** What all durable rooms of a process share. */
export interface DurableServices extends ClaimServices, WriteServices {
  /** Releases a room that this claim has found released, and that has not run since. Never rejects. */
  giveBack(room: RoomKey, claim: Claim): Promise<void>;
}

/** One instance of a durable room: restores it, saves it, keeps its output back until it is saved, and ends it. */
export class RoomDurability extends RoomWrites implements RoomLifecycle<Client> {
  isExpired = false;
  #savedBefore: SavedBefore | undefined = undefined;
  /** Until the instance has started. */
  #claiming: Promise<Claim> | null = null;

  constructor(
    room: DurableRoom,
    options: ResolvedDurable,
    protected override readonly services: DurableServices,
  ) {
    super(room, options, services);
  }

  get restored(): Restored | undefined {
    const saved = this.#savedBefore;
    return saved && { ...saved, savedAt: new Date(saved.savedAt) };
  }

  get saving(): RoomSaving {
    const { clock, savedAt } = this;
    return {
      save: this.options.save,
      savedAt: savedAt === undefined ? undefined : Math.round(savedAt + clock.wallTime() - clock.now()),
      sizes: this.recorder?.sizes,
      saves: this.sequence,
      fence: this.fence,
      isUnsaved: this.isUnsaved,
      gated: this.output?.waiting,
    };
  }

  gate(open: Outbox): Outbox {
    if (this.options.save !== 'turn') return open;
    this.output = new RoomOutput(open, this.options.maxGatedBytes, this);
    return this.output.gate;
  }

  async restore(): Promise<void> {
    const { room, options, services } = this;
    const claim = await (this.#claiming = claimRoom(room, services));
    this.fence = claim.fence;
    this.sequence = claim.record?.sequence ?? 0;
    const circumstances = { options, clock: services.clock, isGated: this.output !== null };
    const { recorder, restored, isExpired, savedAt } = await restoreRoom(room, claim.record, circumstances);
    this.recorder = recorder;
    this.#savedBefore = restored;
    this.isExpired = isExpired;
    this.savedAt = savedAt;
  }

  started(): void {
    this.#claiming = null;
    this.changed();
  }

  async giveBack(): Promise<void> {
    // Without an answer nobody knows what there is to give back.
    const claim = await this.#claiming?.catch(() => null);
    // After a write the instance may have told somebody what it did.
    if (claim?.record?.sequence === this.sequence) await this.services.giveBack(this.room.key, claim);
  }

  whenSafe(action: () => void, cancelled?: () => void): void {
    if (this.output === null) action();
    else if (this.isOver) cancelled?.();
    else this.output.gate.after(action, cancelled);
  }

  save(): Promise<void> {
    return this.saveNow(null);
  }

  async release(reason: EndReason): Promise<boolean> {
    if (this.isOver) return false;
    let isSaved = true;
    try {
      await this.saveNow(reason);
    } catch (error) {
      // The last good record stays.
      isSaved = false;
      this.room.report(error);
    }
    this.abandon();
    return isSaved;
  }

  async delete(): Promise<void> {
    if (this.isOver) return;
    await this.deleteNow();
    this.abandon();
  }
}
