import { inDetachedContext } from '../base/async-context.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { Restored, RoomLifecycle, RoomSaving } from '../members/room-lifecycle.js';
import { GatedOutbox, type GateOwner } from '../outbox/gated-outbox.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Claim, RoomKey, RoomWrite, WriteOutcome } from '../store/room-store.js';
import type { DurableRoom } from './durable-room.js';
import type { CommitSource, GroupCommit } from './group-commit.js';
import { floodedGate, notSaved, storeUnavailable, unreadable } from './room-refusals.js';
import { readRecord, type EndReason, type ReadRecord } from './record.js';
import { restoreMembers } from './restore-room.js';
import { RoomRecorder, type RecordDelta, type RecordedRoom } from './room-recorder.js';
import { RoomStateFields } from './room-state.js';
import { SaveAccount } from './save-account.js';

/** What all durable rooms of a process share. */
export interface DurableServices {
  readonly commits: GroupCommit;
  readonly clock: JamsocketClock;
  /** Names this process at the store. */
  readonly owner: string;
  /** Makes the process the owner of a room. */
  claim(room: RoomKey): Promise<Claim>;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A store that keeps a room waiting for so long has its clients sent away, and no others let in. */
const MAX_WAIT_MS = 10_000;

/** Saves one room, keeps back what is not saved yet, and fills a new instance in with what was saved. */
export class RoomDurability implements RoomLifecycle<Client>, CommitSource, GateOwner {
  restored: Restored | undefined = undefined;
  isExpired = false;
  #gate: GatedOutbox | null = null;
  #recorder: RoomRecorder | null = null;
  #fence = 0;
  #sequence = 0;
  readonly #account: SaveAccount;
  readonly #leaving = new Set<Client>();
  /** Something may have changed since the last snapshot. */
  #isDirty = false;
  /** It is time to write that, as soon as no turn is under way. */
  #isDue = false;
  #timer: NodeJS.Timeout | null = null;
  /** What snapshots have found, and no write has taken. */
  #draft: RecordDelta | null = null;
  /** What waits at the gate up to here is safe when the draft and everything before it is written. */
  #draftMark = 0;
  /** When the last snapshot was taken, on the clock. */
  #draftAt = 0;
  #draftWaiters: Waiter[] = [];
  /** The same of the write that is under way; `null` if none is. */
  #writing: {
    readonly mark: number;
    readonly waiters: readonly Waiter[];
    readonly delta: RecordDelta;
    readonly snapshotAt: number;
    readonly since: number;
  } | null = null;
  /** The gate overflowed, and nothing has passed since. */
  #isFlooded = false;
  /** The state cannot be saved: what the room sends has been waiting since then, on the clock. */
  #unsavableSince = -1;
  #unsavableTimer: NodeJS.Timeout | null = null;
  #isDeleting = false;
  #isReleasing = false;
  #isOver = false;
  #reported = '';

  constructor(
    private readonly room: DurableRoom,
    private readonly options: ResolvedDurable,
    private readonly services: DurableServices,
  ) {
    this.#account = new SaveAccount(room, services.clock);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isStuck(): boolean {
    if (this.#gate === null) return false;
    const { commits, clock } = this.services;
    if (this.#isFlooded || commits.waitingMs >= MAX_WAIT_MS) return true;
    const isTooLong = (since: number) => since >= 0 && clock.now() - since >= MAX_WAIT_MS;
    return isTooLong(this.#writing?.since ?? -1) || isTooLong(this.#unsavableSince);
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
      isUnsaved: this.#isDirty || this.#draft !== null || this.#writing !== null,
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
    this.#isFlooded = true;
    this.room.report(floodedGate(this.room, this.options.maxGatedBytes));
    this.#sendAway();
  }

  async restore(): Promise<void> {
    const { version, migrate, save } = this.options;
    const fields = new RoomStateFields(this.room.stateHolders, version, migrate);
    const { fence, record: stored } = await this.#claim();
    this.#fence = fence;
    this.#sequence = stored?.sequence ?? 0;
    const record = stored && (await this.#reading(() => readRecord(stored)));
    this.#recorder = new RoomRecorder(fields, save === 'turn', record?.lastSegment ?? 0);
    if (record !== undefined) await this.#reading(() => this.#fillIn(record, fields));
  }

  async started(): Promise<void> {
    // Before anyone comes in the record has to say that an instance lives: if that ends now, it is a crash.
    if (this.restored !== undefined) await this.#saved(null);
    else this.#changed();
  }

  turnEnded(): void {
    this.#changed();
  }

  turnMayWait(): void {
    if (this.#isDirty && this.#gate !== null && this.#gate.hasWaiting) this.#trySnapshot();
  }

  leaving(client: Client): void {
    this.#leaving.add(client);
  }

  left(client: Client): void {
    this.#leaving.delete(client);
  }

  whenSafe(action: () => void, cancelled?: () => void): void {
    if (this.#gate === null) action();
    else if (this.#isOver) cancelled?.();
    else this.#gate.after(action, cancelled);
  }

  save(): Promise<void> {
    return this.#saved(null);
  }

  async release(reason: EndReason): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#saved(reason);
    } catch (error) {
      // The last good record stays.
      this.room.report(error);
    }
    this.abandon();
  }

  async delete(): Promise<void> {
    if (this.#isOver) return;
    this.#isDeleting = true;
    this.#draft = {};
    await this.#commit();
    this.abandon();
  }

  abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#savable();
    this.services.commits.remove(this);
    this.#gate?.discard();
    for (const { reject } of [...(this.#writing?.waiters ?? []), ...this.#draftWaiters]) reject(notSaved(this.room));
  }

  takeWrite(): RoomWrite | undefined {
    if (this.#isOver || this.#writing !== null) return undefined;
    if (this.#isDirty && this.room.isBetweenTurns && !this.#isDeleting) this.#trySnapshot();
    const delta = this.#draft;
    if (delta === null && this.#isDirty) return undefined;
    const waiters = this.#draftWaiters;
    this.#draftWaiters = [];
    if (delta === null) {
      this.#pass(this.#draftMark, this.#draftAt, waiters);
      return undefined;
    }
    this.#draft = null;
    const since = this.services.clock.now();
    this.#writing = { mark: this.#draftMark, waiters, delta, snapshotAt: this.#draftAt, since };
    const sequence = ++this.#sequence;
    const head = { room: this.room.key, fence: this.#fence, owner: this.services.owner, sequence };
    return this.#isDeleting ? { ...head, isDelete: true } : { ...head, ...delta, isRelease: this.#isReleasing };
  }

  written(outcome: WriteOutcome): void {
    try {
      this.#written(outcome);
    } catch (error) {
      this.room.report(error);
    }
  }

  #written(outcome: WriteOutcome): void {
    const { mark, waiters, delta, snapshotAt } = this.#writing!;
    this.#writing = null;
    this.#isFlooded = false;
    if (this.#isOver) return;
    if (outcome === 'fenced' && !this.#isDeleting) {
      this.#account.fenced();
      this.abandon();
      for (const { reject } of waiters) reject(notSaved(this.room));
      this.room.lost();
      return;
    }
    if (!this.#isDeleting) this.#account.saved(delta, snapshotAt);
    this.#pass(mark, snapshotAt, waiters);
    if (this.#draft !== null || (this.#isDirty && this.#isDue) || this.#gate?.hasWaiting)
      this.services.commits.add(this);
  }

  isWaiting(): void {
    if (this.isStuck && !this.#isOver) this.#sendAway();
  }

  /** The clients would wait too long: they are sent away and keep their places, and what they miss is in the log. */
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

  /** What others may see now leaves, and those who asked are told. */
  #pass(mark: number, snapshotAt: number, waiters: readonly Waiter[]): void {
    if (this.#gate !== null) this.#account.release(this.#gate, mark, snapshotAt);
    for (const { resolve } of waiters) resolve();
  }

  /** Saves now, whatever turn is under way. */
  async #saved(endedBy: EndReason | null): Promise<void> {
    if (this.#isOver) throw notSaved(this.room);
    this.#snapshot(endedBy);
    await this.#commit();
  }

  #commit(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#draftWaiters.push({ resolve, reject });
      this.services.commits.add(this);
    });
  }

  /** A room that cannot be saved says so once, and goes on: its last good record stays. */
  #trySnapshot(): void {
    try {
      this.#snapshot(null);
      this.#savable();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#reported) this.room.report(error);
      this.#reported = message;
      if (this.#gate !== null) this.#unsavable();
    }
  }

  #savable(): void {
    this.#reported = '';
    this.#unsavableSince = -1;
    if (this.#unsavableTimer !== null) this.services.clock.clearTimeout(this.#unsavableTimer);
    this.#unsavableTimer = null;
  }

  /** Nothing leaves the room until its state can be saved, which its clients are not to wait for without end. */
  #unsavable(): void {
    const { clock } = this.services;
    if (this.#unsavableSince < 0) this.#unsavableSince = clock.now();
    this.#unsavableTimer ??= clock.setTimeout(() => {
      this.#unsavableTimer = null;
      this.isWaiting();
    }, MAX_WAIT_MS);
  }

  /** @throws DurableError `bad_state` */
  #snapshot(endedBy: EndReason | null): void {
    const image = this.#image();
    const delta = this.#recorder!.take(image, endedBy);
    this.#isReleasing = endedBy !== null;
    this.#isDirty = false;
    this.#isDue = false;
    this.#stopTimer();
    this.#draftMark = this.#gate?.mark ?? 0;
    this.#draftAt = image.wallNow - image.wallOffset;
    if (delta !== undefined) this.#draft = this.#draft === null ? delta : merged(this.#draft, delta);
  }

  #image(): RecordedRoom {
    const { members, timers, className } = this.room;
    const { clock } = this.services;
    const wallNow = clock.wallTime();
    const wallOffset = wallNow - clock.now();
    const saved = timers.saved(wallOffset);
    const { clients, log, lastId, clientKeys } = members;
    const dueAt = this.#dueAt(
      saved.map((timer) => timer.dueAt),
      wallNow,
    );
    const leaving = this.#leaving;
    const nextId = lastId;
    return { className, clients, leaving, log, nextId, clientKeys, timers: saved, dueAt, wallOffset, wallNow };
  }

  /** When somebody has to see to the room, should this instance be gone by then. */
  #dueAt(timers: readonly number[], wallNow: number): number | null {
    const { members } = this.room;
    const hasMembers = members.clients.size > 0 || this.#leaving.size > 0;
    const times = [...timers, hasMembers ? roundedUp(wallNow) : Infinity, roundedUp(wallNow + this.options.expireMs)];
    const first = Math.min(...times);
    return first === Infinity ? null : first;
  }

  #stopTimer(): void {
    if (this.#timer !== null) this.services.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #claim(): Promise<Claim> {
    try {
      return await this.services.claim(this.room.key);
    } catch (error) {
      if ((error as { code?: unknown } | undefined)?.code === 'record_unreadable') throw unreadable(this.room, error);
      throw storeUnavailable(`Room "${this.room.key.key}" cannot be opened: its store does not answer.`, error);
    }
  }

  async #reading<T>(read: () => T | Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw unreadable(this.room, error);
    }
  }

  async #fillIn(record: ReadRecord, fields: RoomStateFields): Promise<void> {
    const { base, state } = record;
    const version = state === undefined ? this.options.version : await fields.restore(state);
    const { clock } = this.services;
    const wallOffset = clock.wallTime() - clock.now();
    // Without a gate clients may have seen, and sent, more than was saved before a crash.
    const isExact = this.#gate !== null || base.endedBy !== null;
    this.#account.savedAt = base.savedAt - wallOffset;
    restoreMembers(this.room, record, { wallOffset, isExact });
    this.room.timers.restore(base.timers, { wallOffset, mayHaveRun: base.endedBy === null });
    this.restored = { reason: base.endedBy ?? 'crash', version, savedAt: new Date(base.savedAt) };
    // After a crash nobody knows how long the room was in use.
    const isLeft = base.endedBy !== null && base.members.length + base.leaving.length + base.timers.length === 0;
    this.isExpired = isLeft && clock.wallTime() - base.savedAt >= this.options.expireMs;
  }
}

/** Keeps a time that is written again and again from being another one each time. */
const ROUND_MS = 10_000;

function roundedUp(ms: number): number {
  return Math.ceil(ms / ROUND_MS) * ROUND_MS;
}

function merged(first: RecordDelta, then: RecordDelta): RecordDelta {
  return {
    ...first,
    ...then,
    parts: { ...first.parts, ...then.parts },
    segments: [...(first.segments ?? []), ...(then.segments ?? [])],
  };
}
