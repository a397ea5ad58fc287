import { assertIncarnation } from '../cluster/assert-incarnation.js';
import { DirectoryError } from '../cluster/directory-error.js';
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
} from '../cluster/directory.js';
import { assertRoomKey } from '../store/assert-room-key.js';
import type { RoomKey } from '../store/room-store.js';
import type { Answer, Channel, DirectoryCall, ToWorker } from './messages.js';

/** Directories of one process share the channel, so they share the numbers. */
let last = 0;

interface Pending {
  resolve(result: never): void;
  reject(error: Error): void;
}

/** The directory in the primary, over the channel between a worker and the primary. */
export class ChannelDirectory implements Directory {
  readonly #pending = new Map<number, Pending>();
  readonly #unlisten: () => void;
  #isClosed = false;
  #nodeEnded: ((incarnation: string) => void) | undefined;

  constructor(private readonly channel: Channel) {
    this.#unlisten = channel.listen((message) => this.#received(message));
  }

  async renew(renewal: Renewal): Promise<Renewed> {
    assertIncarnation(renewal.incarnation);
    for (const { room } of renewal.rooms) assertRoomKey(room);
    return this.#ask('renew', renewal);
  }

  async claim(claim: RoomClaim): Promise<Claimed> {
    assertRoomKey(claim.room);
    return this.#ask('claim', claim);
  }

  release(release: RoomRelease): Promise<Released> {
    return this.#ask('release', release);
  }

  locate(room: RoomKey): Promise<RoomOwner | undefined> {
    return this.#ask('locate', room);
  }

  nodes(): Promise<readonly DirectoryNode[]> {
    return this.#ask('nodes');
  }

  async resign(incarnation: string): Promise<void> {
    if (this.#isClosed) throw closed();
    // Without its answer: the channel is reliable, and a shutdown must not wait for a primary that was stopped.
    await this.channel.send({ jamsocket: 'ask', id: ++last, call: 'resign', arg: incarnation });
  }

  onNodeEnded(listener: (incarnation: string) => void): void {
    this.#nodeEnded = listener;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unlisten();
    for (const { reject } of this.#pending.values()) reject(closed());
    this.#pending.clear();
  }

  #ask<T>(call: DirectoryCall, arg?: unknown): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed());
    const id = ++last;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.channel.send({ jamsocket: 'ask', id, call, arg }).catch((cause: unknown) => {
        this.#pending.delete(id);
        reject(new DirectoryError('directory_failed', 'The primary does not answer.', { cause }));
      });
    });
  }

  #received(message: ToWorker): void {
    if (message.jamsocket === 'answer') this.#answered(message);
    else if (message.jamsocket === 'ended') this.#nodeEnded?.(message.incarnation);
  }

  #answered({ id, result, error }: Answer): void {
    const pending = this.#pending.get(id);
    // The answer is for another directory of this process, or nobody waits for it.
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (error === undefined) pending.resolve(result as never);
    else pending.reject(new DirectoryError(error.code, error.message));
  }
}

function closed(): DirectoryError {
  return new DirectoryError('directory_closed', 'The directory has been closed.');
}
