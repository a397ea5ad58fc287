import type { JamsocketClock } from '../../base/sources.js';
import { withDeadline } from '../../base/within-timeout.js';
import type { RoomKey } from '../../store/room-store.js';
import type { Claimed, Directory, Released, RoomRelease } from '../directory.js';
import { DirectoryError } from '../directory-error.js';
import type { DirectoryTime } from './directory-time.js';

export type ClaimOutcome = Extract<Claimed, { readonly kind: 'claimed' | 'owned' }>;

/** What claims need to know of the node's lease. */
export interface Claimant {
  readonly incarnation: string;
  readonly isOver: boolean;
}

/** Wait of a node whose lease is not alive, or whose estimate of the directory's time is wrong. It renews meanwhile. */
const RETRY_MS = 100;

/**
 * Claims and releases rooms with deadlines. A claim that this node has given up must not leave an entry without a room: the
 * directory refuses it after its deadline, and this node undoes it if it has succeeded.
 */
export class RoomClaims {
  #lastNumber = 0;
  /** Releases that the directory has not confirmed, with the call under way. They are tried again with each renewal. */
  readonly #unconfirmed = new Map<RoomRelease, Promise<Released> | undefined>();

  constructor(
    private readonly directory: Directory,
    private readonly clock: JamsocketClock,
    private readonly claimant: Claimant,
    private readonly time: DirectoryTime,
  ) {}

  /** @throws DirectoryError if there is no answer, or the directory does not take claims, for `withinMs` */
  async claim(room: RoomKey, minFence: number, withinMs: number): Promise<ClaimOutcome> {
    const deadline = this.clock.now() + withinMs;
    for (;;) {
      this.#mustNotBeOver();
      const claimed = await this.#try(room, minFence, deadline);
      if (claimed.kind === 'claimed' || claimed.kind === 'owned') return claimed;
      const retryMs = claimed.kind === 'settling' ? claimed.retryMs : RETRY_MS;
      if (this.clock.now() + retryMs >= deadline)
        throw new DirectoryError('directory_failed', `The directory takes no claims now (${claimed.kind}).`);
      await new Promise<void>((resolve) => void this.clock.setTimeout(resolve, retryMs));
    }
  }

  /** @throws DirectoryError if it is not confirmed within `withinMs`; it is tried again then */
  release(release: RoomRelease, withinMs: number): Promise<Released> {
    const call = withDeadline(this.directory.release(release), withinMs, this.clock, () =>
      noAnswer('Releasing', release.room, withinMs),
    );
    this.#unconfirmed.set(release, call);
    call.then(
      () => this.#unconfirmed.delete(release),
      () => this.#unconfirmed.set(release, undefined),
    );
    return call;
  }

  /** Tries the unconfirmed releases once more. */
  retryReleases(withinMs: number): void {
    for (const [release, call] of this.#unconfirmed)
      if (call === undefined) this.release(release, withinMs).catch(() => undefined);
  }

  async #try(room: RoomKey, minFence: number, deadline: number): Promise<Claimed | { readonly kind: 'too_late' }> {
    const { incarnation } = this.claimant;
    const number = ++this.#lastNumber;
    const withinMs = Math.max(1, deadline - this.clock.now());
    const notAfter = this.time.at(deadline);
    const call = this.directory.claim({ room, incarnation, number, minFence, notAfter });
    const undo = () => this.release({ room, incarnation, claim: { number } }, withinMs).catch(() => undefined);
    try {
      const claimed = await withDeadline(call, withinMs, this.clock, () => noAnswer('Claiming', room, withinMs));
      this.#mustNotBeOver();
      return claimed;
    } catch (error) {
      if (error instanceof DirectoryError && error.code === 'too_late') {
        this.time.forget();
        return { kind: 'too_late' };
      }
      void undo();
      // It may be executed after it was undone: then it is undone again when its reply comes.
      call.then(
        ({ kind }) => (kind === 'claimed' ? undo() : undefined),
        () => undefined,
      );
      throw error;
    }
  }

  #mustNotBeOver(): void {
    if (this.claimant.isOver) throw new DirectoryError('directory_closed', 'The lease of this node has ended.');
  }
}

function noAnswer(what: string, { key }: RoomKey, ms: number): DirectoryError {
  return new DirectoryError(
    'directory_failed',
    `${what} room ${JSON.stringify(key)} took more than ${Math.round(ms)} ms.`,
  );
}
