import { RefusedError } from '../base/errors.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { Restored, RoomLifecycle } from '../members/room-lifecycle.js';
import { GatedOutbox } from '../outbox/gated-outbox.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { Outbox } from '../outbox/outbox.js';
import type { RoomStore, RoomWrite, WriteOutcome } from '../store/room-store.js';
import { DurableError } from './durable-error.js';
import type { DurableRoom } from './durable-room.js';
import type { CommitSource, GroupCommit } from './group-commit.js';
import { readRecord, type EndReason, type ReadRecord } from './record.js';
import { restoreMembers } from './restore-room.js';
import { RoomRecorder, type RecordDelta, type RecordedRoom } from './room-recorder.js';
import { RoomStateFields } from './room-state.js';

/** What all durable rooms of a process share. */
export interface DurableServices {
  readonly store: RoomStore;
  readonly commits: GroupCommit;
  readonly clock: JamsocketClock;
  /** Names this process at the store. */
  readonly owner: string;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A store that keeps a room waiting for so long has its clients sent away, and no others let in. */
const MAX_WAIT_MS = 10_000;
const RETRY_AFTER = { 'Retry-After': '5' };

/** Saves one room, keeps back what is not saved yet, and fills a new instance in with what was saved. */
export class RoomDurability implements RoomLifecycle<Client>, CommitSource {
  restored: Restored | undefined = undefined;
  #gate: GatedOutbox | null = null;
  #recorder: RoomRecorder | null = null;
  #fence = 0;
  #sequence = 0;
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
  #draftWaiters: Waiter[] = [];
  /** The same of the write that is under way; `null` if none is. */
  #writing: { readonly mark: number; readonly waiters: readonly Waiter[] } | null = null;
  #waitsSince = -1;
  #isDeleting = false;
  #isReleasing = false;
  #isOver = false;
  #reported = '';

  constructor(
    private readonly room: DurableRoom,
    private readonly options: ResolvedDurable,
    private readonly services: DurableServices,
  ) {}

  get isStuck(): boolean {
    return this.#waitsSince >= 0 && this.services.clock.now() - this.#waitsSince > MAX_WAIT_MS;
  }

  gate(open: Outbox): Outbox {
    if (this.options.save !== 'turn') return open;
    return (this.#gate = new GatedOutbox(open, () => this.#changed()));
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
    if (this.#isDirty && this.#gate !== null && !this.#gate.isEmpty) this.#trySnapshot();
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
    await this.#written();
    this.abandon();
  }

  abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
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
      this.#pass(this.#draftMark, waiters);
      return undefined;
    }
    this.#draft = null;
    this.#writing = { mark: this.#draftMark, waiters };
    const sequence = ++this.#sequence;
    const head = { room: this.room.key, fence: this.#fence, owner: this.services.owner, sequence };
    return this.#isDeleting ? { ...head, isDelete: true } : { ...head, ...delta, isRelease: this.#isReleasing };
  }

  written(outcome: WriteOutcome): void {
    const { mark, waiters } = this.#writing!;
    this.#writing = null;
    this.#waitsSince = -1;
    if (this.#isOver) return;
    if (outcome === 'fenced' && !this.#isDeleting) {
      this.abandon();
      for (const { reject } of waiters) reject(notSaved(this.room));
      this.room.lost();
      return;
    }
    this.#pass(mark, waiters);
    if (this.#draft !== null || (this.#isDirty && this.#isDue) || this.#gate?.isEmpty === false)
      this.services.commits.add(this);
  }

  isWaiting(): void {
    if (this.#waitsSince < 0) this.#waitsSince = this.services.clock.now();
    if (this.isStuck && this.#gate !== null) this.room.park();
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
  #pass(mark: number, waiters: readonly Waiter[]): void {
    this.#gate?.release(mark);
    for (const { resolve } of waiters) resolve();
  }

  /** Saves now, whatever turn is under way. */
  async #saved(endedBy: EndReason | null): Promise<void> {
    if (this.#isOver) throw notSaved(this.room);
    this.#snapshot(endedBy);
    await this.#written();
  }

  #written(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#draftWaiters.push({ resolve, reject });
      this.services.commits.add(this);
    });
  }

  /** A room that cannot be saved says so once, and goes on: its last good record stays. */
  #trySnapshot(): void {
    try {
      this.#snapshot(null);
      this.#reported = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#reported) this.room.report(error);
      this.#reported = message;
    }
  }

  /** @throws DurableError `bad_state` */
  #snapshot(endedBy: EndReason | null): void {
    const delta = this.#recorder!.take(this.#image(), endedBy);
    this.#isReleasing = endedBy !== null;
    this.#isDirty = false;
    this.#isDue = false;
    this.#stopTimer();
    this.#draftMark = this.#gate?.mark ?? 0;
    if (delta !== undefined) this.#draft = this.#draft === null ? delta : merged(this.#draft, delta);
  }

  #image(): RecordedRoom {
    const { members, timers, className } = this.room;
    const { clock } = this.services;
    const wallNow = clock.wallTime();
    const wallOffset = wallNow - clock.now();
    const saved = timers.saved(wallOffset);
    const { clients, log, lastId } = members;
    const dueAt = this.#dueAt(
      saved.map((timer) => timer.dueAt),
      wallNow,
    );
    const leaving = this.#leaving;
    return { className, clients, leaving, log, nextId: lastId, timers: saved, dueAt, wallOffset, wallNow };
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

  async #claim(): ReturnType<RoomStore['claim']> {
    const { store, owner } = this.services;
    try {
      return await store.claim(this.room.key, owner);
    } catch (error) {
      if ((error as { code?: unknown } | undefined)?.code === 'record_unreadable') throw unreadable(this.room, error);
      throw new RefusedError(
        503,
        'store_unavailable',
        `Room "${this.room.key.key}" cannot be opened: its store does not answer.`,
        RETRY_AFTER,
        { cause: error },
      );
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
    restoreMembers(this.room, record, { wallOffset, isExact });
    this.room.timers.restore(base.timers, wallOffset);
    this.restored = { reason: base.endedBy ?? 'crash', version, savedAt: new Date(base.savedAt) };
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

function unreadable({ className, key }: DurableRoom, cause: unknown): RefusedError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RefusedError(
    503,
    'room_unreadable',
    `Room "${key.key}" of ${className} was saved, and cannot be restored. ${message}`,
    {},
    { cause },
  );
}

function notSaved({ className, key }: DurableRoom): DurableError {
  return new DurableError('not_saved', `Room "${key.key}" of ${className} has stopped before it was saved.`);
}
