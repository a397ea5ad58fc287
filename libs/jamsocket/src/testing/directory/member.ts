import type { Claimed, Directory, OwnedRoom, Renewed } from '../../cluster/directory.js';
import type { RoomKey } from '../../store/room-store.js';

/** A lease that lasts for the whole test. */
export const LONG_MS = 600_000;

export const LOBBY: RoomKey = { service: 'chat', key: 'lobby' };

/** One incarnation, as a node uses the directory. */
export class Member {
  #claims = 0;

  private constructor(
    private readonly directory: Directory,
    readonly incarnation: string,
    private readonly leaseMs: number,
  ) {}

  static async join(directory: Directory, incarnation: string, leaseMs = LONG_MS): Promise<Member> {
    const member = new Member(directory, incarnation, leaseMs);
    await member.renew();
    return member;
  }

  renew(...rooms: readonly OwnedRoom[]): Promise<Renewed> {
    const { incarnation, leaseMs } = this;
    return this.directory.renew({ incarnation, leaseMs, info: `about ${incarnation}`, rooms });
  }

  /** The number of the last claim. */
  get number(): number {
    return this.#claims;
  }

  claim(room: RoomKey = LOBBY, minFence?: number): Promise<Claimed> {
    return this.directory.claim({ room, incarnation: this.incarnation, number: ++this.#claims, minFence });
  }

  /** Claims a room that must be free. */
  async take(room: RoomKey = LOBBY, minFence?: number): Promise<OwnedRoom> {
    const claimed = await this.claim(room, minFence);
    if (claimed.kind !== 'claimed')
      throw new Error(`${this.incarnation} cannot claim the room: ${JSON.stringify(claimed)}`);
    return { room, fence: claimed.fence };
  }

  release({ room, fence }: OwnedRoom, successor?: string): Promise<string> {
    return this.directory.release({ room, incarnation: this.incarnation, claim: { fence }, successor });
  }
}
