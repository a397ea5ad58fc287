import { MemoryStore, type Claim, type RoomKey, type RoomWrite, type WriteOutcome } from 'nestjs-jamsocket';

/** A store in memory that fails or does not answer when a test says so. Earlier writes are kept. */
export class MoodyStore extends MemoryStore {
  mood: 'good' | 'failing' | 'hanging' = 'good';

  override async commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    await this.#mood();
    return super.commit(writes);
  }

  override async claim(room: RoomKey, owner: string, minFence?: number): Promise<Claim> {
    await this.#mood();
    return super.claim(room, owner, minFence);
  }

  override async has(room: RoomKey): Promise<boolean> {
    await this.#mood();
    return super.has(room);
  }

  /** Tests open several rooms with it, one after the other. */
  override async close(): Promise<void> {}

  async #mood(): Promise<void> {
    if (this.mood === 'failing') throw new Error('the disk is full');
    if (this.mood === 'hanging') await new Promise(() => undefined);
  }
}
