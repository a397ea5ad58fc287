import { inDetachedContext } from '../base/async-context.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { Restored, RoomLifecycle, RoomSaving } from '../members/room-lifecycle.js';
import { GatedOutbox, type GateOwner } from '../outbox/gated-outbox.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Claim, RoomKey, RoomWrite, WriteOutcome } from '../store/room-store.js';
import type { DurableRoom } from './durable-room.js';
import type { CommitSource, GroupCommit } from './store-access/group-commit.js';
import { floodedGate, notRestored, notSaved } from './room-refusals.js';
import { type EndReason } from './record.js';
import type { RoomRecorder } from './room-recorder.js';
import { SaveAccount } from './save-account.js';
import { Draft, type TakenDraft } from './draft.js';
import { recordedRoom } from './recorded-room.js';
import { claimRoom, restoreRoom, type ClaimServices, type SavedBefore } from './restore-room.js';
import { MAX_WAIT_MS, UnsavedOutput } from './unsaved-output.js';

/** What all durable rooms of a process share. */
export interface DurableServices extends ClaimServices {
  readonly clock: JamsocketClock;
  readonly commits: GroupCommit;
  /** Names this process at the store. */
  readonly owner: string;
  /** Releases a room that this claim has found released, and that has not run since. Never rejects. */
  giveBack(room: RoomKey, claim: Claim): Promise<void>;
}

const NOBODY: ReadonlySet<Client> = new Set();

/** Saves one room, keeps its output back until it is saved, and restores a new instance of it. */
export class RoomDurability implements RoomLifecycle<Client>, CommitSource, GateOwner {
  isExpired = false;
  #savedBefore: SavedBefore | undefined = undefined;
  /** Until the instance has started. */
  #claiming: Promise<Claim> | null = null;
  #gate: GatedOutbox | null = null;
  #recorder: RoomRecorder | null = null;
  #fence = 0;
  #sequence = 0;
  readonly #account: SaveAccount;
  #leaving: Set<Client> | null = null;
  /** Something may have changed since the last snapshot. */
  #isDirty = false;
  /** The changes are to be written as soon as no turn is under way. */
  #isDue = false;
  #timer: NodeJS.Timeout | null = null;
  /** `null` while there is none: most rooms are idle. */
  #draft: Draft | null = null;
  /** The write that is under way. */
  #writing: TakenDraft | null = null;
  /** `null` unless the room's output has met trouble. */
  #unsaved: UnsavedOutput | null = null;
  #isDeleting = false;
  #isReleasing = false;
  #isOver = false;

  constructor(
    private readonly room: DurableRoom,
    private readonly options: ResolvedDurable,
    private readonly services: DurableServices,
  ) {
    this.#account = new SaveAccount(room, services.clock);
  }

  get restored(): Restored | undefined {
    const saved = this.#savedBefore;
    return saved && { ...saved, savedAt: new Date(saved.savedAt) };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isStuck(): boolean {
    if (this.#gate === null) return false;
    const { commits, clock } = this.services;
    if (commits.waitingMs >= MAX_WAIT_MS || this.#unsaved?.isStuck) return true;
    return this.#writing !== null && clock.now() - this.#writing.since >= MAX_WAIT_MS;
  }

  get saving(): RoomSaving {
    const { clock } = this.services;
    const { savedAt, gatedForMs } = this.#account;
    const gate = this.#gate;
    return {
      save: this.options.save,
      savedAt: savedAt === undefined ? undefined : Math.round(savedAt + clock.wallTime() - clock.now()),
      sizes: this.#recorder?.sizes,
      saves: this.#sequence,
      fence: this.#fence,
      isUnsaved: this.#isDirty || (this.#draft !== null && !this.#draft.isEmpty) || this.#writing !== null,
      gated: gate?.hasWaiting ? { bytes: gate.waitingBytes, forMs: gatedForMs } : undefined,
    };
  }

  gate(open: Outbox): Outbox {
    if (this.options.save !== 'turn') return open;
    return (this.#gate = new GatedOutbox(open, this.options.maxGatedBytes, this));
  }

  gateWaits(): void {
    this.#account.gateWaits();
    this.#changed();
  }

  gateOverflows(): void {
    if (this.#isOver || this.#gate!.waitingBytes <= this.options.maxGatedBytes) return;
    this.#trouble().isFlooded = true;
    this.room.report(floodedGate(this.room, this.options.maxGatedBytes));
    this.#sendAway();
  }

  async restore(): Promise<void> {
    const { room, options, services } = this;
    const claim = await (this.#claiming = claimRoom(room, services));
    this.#fence = claim.fence;
    this.#sequence = claim.record?.sequence ?? 0;
    const circumstances = { options, clock: services.clock, isGated: this.#gate !== null };
    const { recorder, restored, isExpired, savedAt } = await restoreRoom(room, claim.record, circumstances);
    this.#recorder = recorder;
    this.#savedBefore = restored;
    this.isExpired = isExpired;
    this.#account.savedAt = savedAt;
  }

  started(): void {
    this.#claiming = null;
    this.#changed();
  }

  async giveBack(): Promise<void> {
    // Without an answer nobody knows what there is to give back.
    const claim = await this.#claiming?.catch(() => null);
    // After a write the instance may have told somebody what it did.
    if (claim?.record?.sequence === this.#sequence) await this.services.giveBack(this.room.key, claim);
  }

  turnEnded(): void {
    this.#changed();
  }

  turnMayWait(): void {
    if (this.#isDirty && this.#gate !== null && this.#gate.hasWaiting) this.#trySnapshot();
  }

  leaving(client: Client): void {
    (this.#leaving ??= new Set()).add(client);
  }

  left(client: Client): void {
    this.#leaving?.delete(client);
    if (this.#leaving?.size === 0) this.#leaving = null;
  }

  whenSafe(action: () => void, cancelled?: () => void): void {
    if (this.#gate === null) action();
    else if (this.#isOver) cancelled?.();
    else this.#gate.after(action, cancelled);
  }

  save(): Promise<void> {
    return this.#saved(null);
  }

  async release(reason: EndReason): Promise<boolean> {
    if (this.#isOver) return false;
    let isSaved = true;
    try {
      await this.#saved(reason);
    } catch (error) {
      // The last good record stays.
      isSaved = false;
      this.room.report(error);
    }
    this.abandon();
    return isSaved;
  }

  async delete(): Promise<void> {
    if (this.#isOver) return;
    this.#isDeleting = true;
    this.#drafted.discard();
    await this.#commit();
    this.abandon();
  }

  abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#unsaved?.savable();
    this.services.commits.remove(this);
    this.#gate?.discard();
    for (const { reject } of [...(this.#writing?.waiters ?? []), ...(this.#draft?.waiters ?? [])])
      reject(notSaved(this.room));
  }

  takeWrite(): RoomWrite | undefined {
    if (this.#isOver || this.#writing !== null) return undefined;
    // Sends from outside a turn change nothing else.
    const isOutdated = this.#isDirty || this.#gate?.isWaitingAfter(this.#draft?.mark ?? 0);
    if (isOutdated && this.room.isBetweenTurns && !this.#isDeleting) this.#trySnapshot();
    const draft = this.#draft;
    // Whoever waits for the last snapshot must not wait for changes after it: the turn that makes them may be waiting itself.
    if (draft === null || (draft.isEmpty && this.#isDirty && !draft.isAwaited)) return undefined;
    this.#draft = null;
    const taken = draft.take(this.services.clock.now());
    if (taken.delta === null) {
      this.#pass(taken);
      return undefined;
    }
    this.#writing = taken;
    const sequence = ++this.#sequence;
    const head = { room: this.room.key, fence: this.#fence, owner: this.services.owner, sequence };
    return this.#isDeleting ? { ...head, isDelete: true } : { ...head, ...taken.delta, isRelease: this.#isReleasing };
  }

  written(outcome: WriteOutcome): void {
    try {
      this.#written(outcome);
    } catch (error) {
      this.room.report(error);
    }
  }

  #written(outcome: WriteOutcome): void {
    const writing = this.#writing!;
    this.#writing = null;
    if (this.#unsaved !== null) this.#unsaved.isFlooded = false;
    if (this.#isOver) return;
    if (outcome === 'fenced') {
      this.#account.fenced();
      this.abandon();
      for (const { reject } of writing.waiters) reject(notSaved(this.room));
      this.room.lost();
      return;
    }
    if (!this.#isDeleting) this.#account.saved(writing.delta!, writing.snapshotAt);
    this.#pass(writing);
    if (this.#draft !== null || (this.#isDirty && this.#isDue) || this.#gate?.hasWaiting)
      this.services.commits.add(this);
  }

  isWaiting(): void {
    if (this.isStuck && !this.#isOver) this.#sendAway();
  }

  /** Disconnects the clients, which would wait too long. They keep their places, and the log has what they miss. */
  #sendAway(): void {
    inDetachedContext(() => this.room.park());
    this.#gate!.dropFrames();
  }

  #changed(): void {
    this.#isDirty = true;
    if (this.#isOver || this.#recorder === null) return;
    if (this.options.save === 'turn' || this.#isDue) {
      this.#isDue = true;
      this.services.commits.add(this);
    } else {
      this.#timer ??= this.services.clock.setTimeout(() => {
        this.#timer = null;
        this.#isDue = true;
        this.services.commits.add(this);
      }, this.options.save);
    }
  }

  /** Releases the output that is safe now and resolves the promises that wait for it. */
  #pass({ mark, snapshotAt, waiters }: TakenDraft): void {
    if (this.#gate !== null) this.#account.release(this.#gate, mark, snapshotAt);
    for (const { resolve } of waiters) resolve();
  }

  /** Saves now, even in the middle of a turn. */
  async #saved(endedBy: EndReason | null): Promise<void> {
    if (this.#isOver) throw notSaved(this.room);
    if (this.#recorder === null) throw notRestored(this.room);
    this.#snapshot(endedBy);
    await this.#commit();
  }

  #commit(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#drafted.wait({ resolve, reject });
      this.services.commits.add(this);
    });
  }

  /** A room that cannot be saved reports that once and goes on: its last good record stays. */
  #trySnapshot(): void {
    try {
      this.#snapshot(null);
      this.#unsaved?.savable();
    } catch (error) {
      const trouble = this.#trouble();
      if (trouble.isNew(error)) this.room.report(error);
      if (this.#gate !== null) trouble.unsavable();
    }
  }

  #trouble(): UnsavedOutput {
    return (this.#unsaved ??= new UnsavedOutput(this.services.clock, () => this.isWaiting()));
  }

  /** @throws DurableError `bad_state` */
  #snapshot(endedBy: EndReason | null): void {
    // Before the log is saved: a client that resumes gets the patches up to the saved value from there.
    this.room.states?.flush();
    const image = recordedRoom(this.room, this.#leaving ?? NOBODY, this.services.clock, this.options.expireMs);
    const delta = this.#recorder!.take(image, endedBy);
    this.#isReleasing = endedBy !== null;
    this.#isDirty = false;
    this.#isDue = false;
    this.#stopTimer();
    this.#drafted.add(delta, this.#gate?.mark ?? 0, image.wallNow - image.wallOffset);
  }

  get #drafted(): Draft {
    return (this.#draft ??= new Draft());
  }

  #stopTimer(): void {
    if (this.#timer !== null) this.services.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
