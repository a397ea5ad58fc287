import type { JamsocketClock } from '../../base/sources.js';
import type { Client } from '../../members/client.js';
import type { ResolvedDurable } from '../../options/durable.js';
import type { RoomWrite, WriteOutcome } from '../../store/room-store.js';
import type { DurableRoom } from '../durable-room.js';
import type { EndReason } from '../record.js';
import { recordedRoom } from '../recorded-room.js';
import type { RoomRecorder } from '../room-recorder.js';
import { notRestored, notSaved } from '../room-refusals.js';
import type { CommitSource } from '../store-access/commit-source.js';
import type { GroupCommit } from '../store-access/group-commit.js';
import { Draft, type TakenDraft } from './draft.js';
import type { OutputOwner, RoomOutput } from './room-output.js';
import { MAX_WAIT_MS } from './unsaved-output.js';
import { bytesOf } from './written-bytes.js';

/** What the writes of a room need of the process. */
export interface WriteServices {
  readonly clock: JamsocketClock;
  readonly commits: GroupCommit;
  /** Names this process at the store. */
  readonly owner: string;
}

const NOBODY: ReadonlySet<Client> = new Set();

/**
 * What of a room is still to be written. After a change the room is dirty; a snapshot between two turns adds what has changed
 * to a draft; the next batch of the process takes the draft. A part of `RoomDurability`.
 */
export abstract class RoomWrites implements CommitSource, OutputOwner {
  isOver = false;
  /** `null` until the room has been restored. */
  protected recorder: RoomRecorder | null = null;
  /** `null` unless each turn is saved. */
  protected output: RoomOutput | null = null;
  /**
   * When the snapshot of the last save was taken, on the clock; `undefined` before the first save. A whole number, which V8
   * keeps in the field itself.
   */
  protected savedAt: number | undefined = undefined;
  protected fence = 0;
  protected sequence = 0;
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
  /** Message of the last error of a snapshot, which is reported once. */
  #reported = '';
  #isDeleting = false;
  #isReleasing = false;

  constructor(
    readonly room: DurableRoom,
    protected readonly options: ResolvedDurable,
    protected readonly services: WriteServices,
  ) {}

  get clock(): JamsocketClock {
    return this.services.clock;
  }

  /** The output has waited for the store for too long. */
  get isStuck(): boolean {
    if (this.output === null) return false;
    if (this.services.commits.waitingMs >= MAX_WAIT_MS || this.output.isStuck) return true;
    return this.#writing !== null && this.clock.now() - this.#writing.since >= MAX_WAIT_MS;
  }

  /** Something may have changed that has not been written. */
  protected get isUnsaved(): boolean {
    return this.#isDirty || (this.#draft !== null && !this.#draft.isEmpty) || this.#writing !== null;
  }

  turnMayWait(): void {
    if (this.#isDirty && this.output !== null && this.output.gate.hasWaiting) this.#trySnapshot();
  }

  leaving(client: Client): void {
    (this.#leaving ??= new Set()).add(client);
  }

  left(client: Client): void {
    this.#leaving?.delete(client);
    if (this.#leaving?.size === 0) this.#leaving = null;
  }

  outputWaits(): void {
    this.changed();
  }

  isWaiting(): void {
    if (this.isStuck && !this.isOver) this.output!.sendAway();
  }

  abandon(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#stopTimer();
    this.services.commits.remove(this);
    this.output?.discard();
    for (const { reject } of [...(this.#writing?.waiters ?? []), ...(this.#draft?.waiters ?? [])])
      reject(notSaved(this.room));
  }

  takeWrite(): RoomWrite | undefined {
    if (this.isOver || this.#writing !== null) return undefined;
    // Sends from outside a turn change nothing else.
    const isOutdated = this.#isDirty || this.output?.gate.isWaitingAfter(this.#draft?.mark ?? 0);
    if (isOutdated && this.room.isBetweenTurns && !this.#isDeleting) this.#trySnapshot();
    const draft = this.#draft;
    // Whoever waits for the last snapshot must not wait for changes after it: the turn that makes them may be waiting itself.
    if (draft === null || (draft.isEmpty && this.#isDirty && !draft.isAwaited)) return undefined;
    this.#draft = null;
    const taken = draft.take(this.clock.now());
    if (taken.delta === null) {
      this.#pass(taken);
      return undefined;
    }
    this.#writing = taken;
    const sequence = ++this.sequence;
    const head = { room: this.room.key, fence: this.fence, owner: this.services.owner, sequence };
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
    this.output?.stored();
    if (this.isOver) return;
    if (outcome === 'fenced') {
      this.room.observer?.roomFenced(this.room.context);
      this.abandon();
      for (const { reject } of writing.waiters) reject(notSaved(this.room));
      this.room.lost();
      return;
    }
    if (!this.#isDeleting) this.#saved(writing);
    this.#pass(writing);
    if (this.#draft !== null || (this.#isDirty && this.#isDue) || this.output?.gate.hasWaiting)
      this.services.commits.add(this);
  }

  changed(): void {
    this.#isDirty = true;
    if (this.isOver || this.recorder === null) return;
    if (this.options.save === 'turn' || this.#isDue) {
      this.#isDue = true;
      this.services.commits.add(this);
    } else {
      this.#timer ??= this.clock.setTimeout(() => {
        this.#timer = null;
        this.#isDue = true;
        this.services.commits.add(this);
      }, this.options.save);
    }
  }

  /** Saves now, even in the middle of a turn. @param endedBy set for the last save of this instance */
  protected async saveNow(endedBy: EndReason | null): Promise<void> {
    if (this.isOver) throw notSaved(this.room);
    if (this.recorder === null) throw notRestored(this.room);
    this.#snapshot(endedBy);
    await this.#commit();
  }

  protected deleteNow(): Promise<void> {
    this.#isDeleting = true;
    this.#drafted.discard();
    return this.#commit();
  }

  #commit(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#drafted.wait({ resolve, reject });
      this.services.commits.add(this);
    });
  }

  #saved({ delta, snapshotAt }: TakenDraft): void {
    this.savedAt = Math.round(snapshotAt);
    this.room.observer?.roomSaved(this.room.context, bytesOf(delta!));
  }

  /** Releases the output that is safe now and resolves the promises that wait for it. */
  #pass({ mark, snapshotAt, waiters }: TakenDraft): void {
    this.output?.release(mark, snapshotAt);
    for (const { resolve } of waiters) resolve();
  }

  /** A room that cannot be saved reports that once and goes on: its last good record stays. */
  #trySnapshot(): void {
    try {
      this.#snapshot(null);
      this.#reported = '';
      this.output?.savable();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#reported) this.room.report(error);
      this.#reported = message;
      this.output?.unsavable();
    }
  }

  /** @throws DurableError `bad_state` */
  #snapshot(endedBy: EndReason | null): void {
    // Before the log is saved: a client that resumes gets the patches up to the saved value from there.
    this.room.states?.flush();
    const image = recordedRoom(this.room, this.#leaving ?? NOBODY, this.clock, this.options.expireMs);
    const delta = this.recorder!.take(image, endedBy);
    this.#isReleasing = endedBy !== null;
    this.#isDirty = false;
    this.#isDue = false;
    this.#stopTimer();
    this.#drafted.add(delta, this.output?.gate.mark ?? 0, image.wallNow - image.wallOffset);
  }

  get #drafted(): Draft {
    return (this.#draft ??= new Draft());
  }

  #stopTimer(): void {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
