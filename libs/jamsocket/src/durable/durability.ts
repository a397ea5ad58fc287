import { Logger } from '@nestjs/common';
import { describeError } from '../base/foreign-value.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import { withDeadline } from '../base/within-timeout.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { Claim, DueRoom, RoomKey, RoomStore, RoomWrite, WriteOutcome } from '../store/room-store.js';
import { DurableError } from './durable-error.js';
import type { DurableRoom } from './durable-room.js';
import { GroupCommit, type CommitWatch } from './group-commit.js';
import { RoomDurability } from './room-durability.js';

/** A store that has not answered a question after so long counts as away: shorter than a connect may take. */
const ANSWER_MS = 5_000;

const logger = new Logger('Jamsocket');

/** What the durable rooms of a process share: their store, and the commits into it. */
export class Durability implements CommitWatch {
  readonly commits: GroupCommit;
  /** Names this process at the store: no two are alike, so one that comes back from the dead is told apart. */
  readonly owner: string;
  #isFailing = false;

  constructor(
    readonly store: RoomStore,
    private readonly clock: JamsocketClock,
    random: JamsocketRandom,
  ) {
    this.commits = new GroupCommit(store, clock, this);
    this.owner = random.uuid();
  }

  lifecycleOf(room: DurableRoom, options: ResolvedDurable): RoomDurability {
    const { commits, owner, clock } = this;
    return new RoomDurability(room, options, { commits, owner, clock, claim: (key) => this.claim(key) });
  }

  /** Makes this process the owner of a room. @throws as `RoomStore.claim`, and if the store does not answer */
  claim(room: RoomKey): Promise<Claim> {
    return withDeadline(this.store.claim(room, this.owner), ANSWER_MS, this.clock, notAnswered);
  }

  /**
   * Rooms that are not running here and have something to do by now.
   * @param before milliseconds since 1970
   */
  due(limit: number, before = this.clock.wallTime()): Promise<readonly DueRoom[]> {
    const due = this.store.due(before, limit, [this.owner]);
    return withDeadline(due, ANSWER_MS, this.clock, notAnswered);
  }

  /** Deletes a room that no instance of this process has. @returns whether there was one */
  async delete(room: RoomKey): Promise<boolean> {
    const { fence, record } = await this.claim(room);
    const sequence = (record?.sequence ?? 0) + 1;
    const writes = [{ room, fence, owner: this.owner, sequence, isDelete: true }];
    const [outcome] = await withDeadline(this.store.commit(writes), ANSWER_MS, this.clock, notAnswered);
    if (outcome !== 'done')
      throw new DurableError('not_saved', `Room "${room.key}" was not deleted: somebody else has taken it over.`);
    return record !== undefined;
  }

  /** How long the store has been keeping rooms waiting, in milliseconds; 0 while it works. */
  get outageMs(): number {
    return this.commits.failure === undefined ? 0 : this.commits.waitingMs;
  }

  committed(_writes: readonly RoomWrite[], _outcomes: readonly WriteOutcome[]): void {}

  failed(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    logger.error(
      `The store does not take what durable rooms have to write, and is tried again: ${describeError(error).message}`,
    );
  }

  recovered(): void {
    this.#isFailing = false;
    logger.log('The store takes what durable rooms have to write again.');
  }

  async close(): Promise<void> {
    this.commits.stop();
    await this.store.close();
  }
}

function notAnswered(): Error {
  return new Error(`The store has not answered in ${ANSWER_MS} ms.`);
}
