import { assertRoomKey } from '../../store/assert-room-key.js';
import type { RoomKey } from '../../store/room-store.js';
import { assertIncarnation } from '../assert-incarnation.js';
import { DirectoryError } from '../directory-error.js';
import type {
  Claimed,
  Directory,
  DirectoryNode,
  Released,
  Renewal,
  Renewed,
  RoomClaim,
  RoomOwner,
  RoomRelease,
} from '../directory.js';
import type { DirectoryState } from '../directory-state.js';

/** The node of an `InProcessDirectory`. */
export interface DirectorySide {
  ask<T>(call: (state: DirectoryState) => T): Promise<T>;
}

export class InProcessDirectory implements Directory {
  #isClosed = false;

  constructor(private readonly side: DirectorySide) {}

  async renew(renewal: Renewal): Promise<Renewed> {
    assertIncarnation(renewal.incarnation);
    for (const { room } of renewal.rooms) assertRoomKey(room);
    return this.#ask((state) => state.renew(renewal));
  }

  async claim(claim: RoomClaim): Promise<Claimed> {
    assertRoomKey(claim.room);
    return this.#ask((state) => state.claim(claim));
  }

  release(release: RoomRelease): Promise<Released> {
    return this.#ask((state) => state.release(release));
  }

  locate(room: RoomKey): Promise<RoomOwner | undefined> {
    return this.#ask((state) => state.locate(room));
  }

  nodes(): Promise<readonly DirectoryNode[]> {
    return this.#ask((state) => state.nodes());
  }

  resign(incarnation: string): Promise<void> {
    return this.#ask((state) => state.resign(incarnation));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #ask<T>(call: (state: DirectoryState) => T): Promise<T> {
    if (this.#isClosed) throw new DirectoryError('directory_closed', 'The directory has been closed.');
    try {
      return await this.side.ask(call);
    } catch (error) {
      if (error instanceof DirectoryError) throw error;
      throw new DirectoryError('directory_failed', `The directory failed: ${String(error)}`, { cause: error });
    }
  }
}
