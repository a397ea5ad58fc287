import type { Claim, DueRoom, RoomKey, RoomStore, RoomWrite, WriteOutcome } from '../../store/room-store.js';

/** A store as one process sees it. When the process has ended, its calls do not reach the store, and it gets no answers. */
export class ProcessStore implements RoomStore {
  #isGone = false;

  constructor(readonly shared: RoomStore) {}

  /** The process ends in the middle of whatever it does. */
  kill(): void {
    this.#isGone = true;
  }

  describe(): Promise<string> {
    return this.shared.describe();
  }

  claim(room: RoomKey, owner: string, minFence?: number): Promise<Claim> {
    return this.#whileAlive(() => this.shared.claim(room, owner, minFence));
  }

  commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    return this.#whileAlive(() => this.shared.commit(writes));
  }

  has(room: RoomKey): Promise<boolean> {
    return this.#whileAlive(() => this.shared.has(room));
  }

  due(
    before: number,
    limit: number,
    except: readonly string[],
    services: readonly string[],
  ): Promise<readonly DueRoom[]> {
    return this.#whileAlive(() => this.shared.due(before, limit, except, services));
  }

  list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]> {
    return this.#whileAlive(() => this.shared.list(service, limit, after));
  }

  /** The store lives on: the next process uses it. */
  async close(): Promise<void> {}

  async #whileAlive<T>(ask: () => Promise<T>): Promise<T> {
    const never = new Promise<never>(() => undefined);
    if (this.#isGone) return never;
    const answer = await ask();
    return this.#isGone ? never : answer;
  }
}
