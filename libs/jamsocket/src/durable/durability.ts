import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { DueRoom, RoomKey, RoomStore } from '../store/room-store.js';
import type { DurableRoom } from './durable-room.js';
import { GroupCommit } from './group-commit.js';
import { RoomDurability } from './room-durability.js';

/** What the durable rooms of a process share: their store, and the commits into it. */
export class Durability {
  readonly commits: GroupCommit;
  /** Names this process at the store: no two are alike, so one that comes back from the dead is told apart. */
  readonly owner: string;

  constructor(
    readonly store: RoomStore,
    private readonly clock: JamsocketClock,
    random: JamsocketRandom,
  ) {
    this.commits = new GroupCommit(store, clock);
    this.owner = random.uuid();
  }

  lifecycleOf(room: DurableRoom, options: ResolvedDurable): RoomDurability {
    const { store, commits, owner, clock } = this;
    return new RoomDurability(room, options, { store, commits, owner, clock });
  }

  /** Rooms of the past that have something to do by now. */
  due(limit: number): Promise<readonly DueRoom[]> {
    return this.store.due(this.clock.wallTime(), limit, [this.owner]);
  }

  /** Deletes a room that no instance of this process has. @returns whether there was one */
  async delete(room: RoomKey): Promise<boolean> {
    const { fence, record } = await this.store.claim(room, this.owner);
    const sequence = (record?.sequence ?? 0) + 1;
    await this.store.commit([{ room, fence, owner: this.owner, sequence, isDelete: true }]);
    return record !== undefined;
  }

  async close(): Promise<void> {
    await this.store.close();
  }
}
