import { assertIncarnation } from '../../cluster/assert-incarnation.js';
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
} from '../../cluster/directory.js';
import { assertRoomKey } from '../../store/assert-room-key.js';
import type { RoomKey } from '../../store/room-store.js';
import { ChannelCalls } from './channel-calls.js';
import type { Channel } from '../messages.js';

/** The directory in the primary, over the channel between a worker and the primary. */
export class ChannelDirectory implements Directory {
  readonly #calls: ChannelCalls;
  readonly #unlisten: () => void;
  #nodeEnded: ((incarnation: string) => void) | undefined;

  constructor(channel: Channel) {
    this.#calls = new ChannelCalls(channel);
    this.#unlisten = channel.listen((message) => {
      if (message.jamsocket === 'ended') this.#nodeEnded?.(message.incarnation);
    });
  }

  async renew(renewal: Renewal): Promise<Renewed> {
    assertIncarnation(renewal.incarnation);
    for (const { room } of renewal.rooms) assertRoomKey(room);
    return this.#calls.ask('renew', renewal);
  }

  async claim(claim: RoomClaim): Promise<Claimed> {
    assertRoomKey(claim.room);
    return this.#calls.ask('claim', claim);
  }

  release(release: RoomRelease): Promise<Released> {
    return this.#calls.ask('release', release);
  }

  locate(room: RoomKey): Promise<RoomOwner | undefined> {
    return this.#calls.ask('locate', room);
  }

  nodes(): Promise<readonly DirectoryNode[]> {
    return this.#calls.ask('nodes');
  }

  resign(incarnation: string): Promise<void> {
    // Without its answer: the channel is reliable, and a shutdown must not wait for a primary that was stopped.
    return this.#calls.tell('resign', incarnation);
  }

  onNodeEnded(listener: (incarnation: string) => void): void {
    this.#nodeEnded = listener;
  }

  async close(): Promise<void> {
    this.#unlisten();
    this.#calls.close();
  }
}
