import { Logger } from '@nestjs/common';
import { describeError, isInstance } from '../base/foreign-value.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import { withDeadline } from '../base/within-timeout.js';
import type { RunPermit } from '../cluster/run-permit.js';
import type { JamsocketObservers } from '../observe/jamsocket-observers.js';
import type { StoreOperation } from '../observe/room-observer.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { Claim, DueRoom, RoomKey, RoomStore, RoomWrite, WriteOutcome } from '../store/room-store.js';
import { DurableError } from './durable-error.js';
import type { DurableRoom } from './durable-room.js';
import { GroupClaim } from './store-access/group-claim.js';
import type { CommitWatch } from './store-access/commit-source.js';
import { GroupCommit } from './store-access/group-commit.js';
import { RoomDurability } from './room-durability.js';
import { bytesOf } from './saving/written-bytes.js';
import { StoreAnswers } from './store-access/store-answers.js';
import { StoreHealth } from './store-access/store-health.js';

/** Milliseconds after which a store without an answer counts as unavailable. Shorter than the time a connect may take. */
const ANSWER_MS = 5_000;
/** At a shutdown the rooms have had their time to be saved: a store that hangs must not keep the process from ending. */
const CLOSE_MS = 2_000;

/** The token of the application's Durability; it provides `null` without a store. */
export const DURABILITY = Symbol('JAMSOCKET_DURABILITY');

const logger = new Logger('Jamsocket');

/** What the durable rooms of a node in a cluster need of it. */
export interface ClusterClaims {
  readonly permit: RunPermit;
  /** Names this node at the store; `undefined` while it has no lease. */
  readonly incarnation: string | undefined;
  readonly others: ReadonlySet<string>;
  fenceOf(room: RoomKey): number | undefined;
  claim(room: RoomKey, minFence: number): Promise<number>;
}

/** What the durable rooms of a process share: their store, and the commits into it. */
export class Durability implements CommitWatch {
  readonly commits: GroupCommit;
  readonly #owner: string;
  readonly #claims: GroupClaim;
  readonly #answers: StoreAnswers;
  readonly #health: StoreHealth;
  #isFailing = false;

  constructor(
    readonly store: RoomStore,
    readonly clock: JamsocketClock,
    random: JamsocketRandom,
    private readonly observers: JamsocketObservers,
    /** `null` without a cluster. */
    private readonly cluster: ClusterClaims | null = null,
  ) {
    this.commits = new GroupCommit(store, clock, this, cluster?.permit ?? null);
    this.#claims = new GroupClaim(store);
    this.#answers = new StoreAnswers(clock);
    this.#health = new StoreHealth(this.commits, clock);
    this.#owner = random.uuid();
  }

  /** Names this process at the store. Random, so that a restarted process has another name. */
  get owner(): string {
    return this.cluster?.incarnation ?? this.#owner;
  }

  lifecycleOf(room: DurableRoom, options: ResolvedDurable): RoomDurability {
    return new RoomDurability(room, options, this);
  }

  /** Makes this process the owner of a room. @throws as `RoomStore.claim`, and if the store does not answer */
  async claim(room: RoomKey): Promise<Claim> {
    const least = this.cluster?.fenceOf(room);
    const request = { room, owner: this.owner, minFence: least };
    let claiming: Promise<Claim> | undefined;
    try {
      const claim = await this.#ask('claim', () => (claiming = this.#claims.claim(request)));
      // The directory has lost its last fences.
      if (least !== undefined && claim.fence > least) await this.cluster!.claim(room, claim.fence);
      return claim;
    } catch (error) {
      // Nobody waits for it any more.
      void claiming?.then((late) => this.giveBack(room, late)).catch(ignore);
      throw error;
    }
  }

  /** Releases a room that this claim has found released, and that has not run since. Tries once. Never rejects. */
  async giveBack(room: RoomKey, { fence, record }: Claim): Promise<void> {
    if (!record?.isReleased) return;
    const write = { room, fence, owner: this.owner, sequence: record.sequence + 1, isRelease: true };
    await this.#commitNow([write]).catch(ignore);
  }

  /** Whether a room is saved. @throws as `RoomStore.has`, and if the store does not answer */
  has(room: RoomKey): Promise<boolean> {
    return this.#ask('has', () => this.store.has(room));
  }

  /**
   * Saved rooms of these services that are due and belong to no room of this process.
   * @param before milliseconds since 1970
   */
  due(services: readonly string[], limit: number, before = this.clock.wallTime()): Promise<readonly DueRoom[]> {
    const awake = [this.owner, ...(this.cluster?.others ?? [])];
    return this.#ask('due', () => this.store.due(before, limit, awake, services));
  }

  /** Deletes the record of a room that is not running in this process. @returns whether there was one */
  async delete(room: RoomKey): Promise<boolean> {
    // A claim would make a record, for each id that somebody invents.
    if (!(await this.has(room))) return false;
    const { fence, record } = await this.claim(room);
    const sequence = (record?.sequence ?? 0) + 1;
    const writes = [{ room, fence, owner: this.owner, sequence, isDelete: true }];
    const [outcome] = await this.#commitNow(writes);
    if (outcome !== 'done')
      throw new DurableError('not_saved', `Room "${room.key}" was not deleted: another process has claimed it.`);
    return record !== undefined;
  }

  /** How durable the store is, in one line. @throws whatever the store rejects with, and if it does not answer */
  async describe(): Promise<string> {
    return this.#answer(() => this.store.describe());
  }

  /** Why durable rooms cannot be saved or opened, in words; `undefined` while they can. */
  get outage(): string | undefined {
    return this.#health.outage;
  }

  committed(writes: readonly RoomWrite[], durationMs: number): void {
    const observer = this.observers.current;
    if (observer === null) return;
    const bytes = writes.reduce((sum, write) => sum + bytesOf(write), 0);
    observer.storeCommitted({ saves: writes.length, bytes, durationMs });
  }

  failed(error: unknown): void {
    this.observers.current?.storeFailed('commit', error);
    if (this.#isFailing) return;
    this.#isFailing = true;
    logger.error(`The store of durable rooms refuses writes; they are retried: ${describeError(error).message}`);
  }

  recovered(): void {
    this.#isFailing = false;
    logger.log('The store of durable rooms accepts writes again.');
  }

  /** @throws the store's error, or an Error if the store does not close in time */
  async close(): Promise<void> {
    this.commits.stop();
    this.#answers.giveUp();
    await withDeadline(this.store.close(), CLOSE_MS, this.clock, notClosed);
  }

  async #ask<T>(question: Exclude<StoreOperation, 'commit'>, ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await this.#answer(ask);
      this.#health.answered(question);
      return answer;
    } catch (error) {
      if (isAnswer(error)) throw error;
      this.#health.failed(question, error);
      this.observers.current?.storeFailed(question, error);
      throw error;
    }
  }

  /** A write of one room alone, tried once. */
  async #commitNow(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    const since = this.clock.now();
    try {
      const outcomes = await this.#answer(() => this.store.commit(writes));
      this.committed(writes, this.clock.now() - since);
      return outcomes;
    } catch (error) {
      this.observers.current?.storeFailed('commit', error);
      throw error;
    }
  }

  #answer<T>(ask: () => Promise<T>): Promise<T> {
    return this.#answers.of(ask, ANSWER_MS, notAnswered);
  }
}

/** The store works; the fault is in what was asked: a record that cannot be read, or an invalid room id from a client. */
function isAnswer(error: unknown): boolean {
  return isInstance(error, RangeError) || (error as { code?: unknown } | undefined)?.code === 'record_unreadable';
}

function notAnswered(): Error {
  return new Error(`The store has not answered in ${ANSWER_MS} ms.`);
}

function notClosed(): Error {
  return new Error(`The store has not closed in ${CLOSE_MS} ms: its last writes may be lost.`);
}

function ignore(): void {}
