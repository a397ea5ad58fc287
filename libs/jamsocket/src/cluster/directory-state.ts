import type {
  Claimed,
  DirectoryNode,
  OwnedRoom,
  Released,
  Renewal,
  Renewed,
  RoomClaim,
  RoomOwner,
  RoomRelease,
} from './directory.js';
import { DirectoryError } from './directory-error.js';
import type { RoomKey } from '../store/room-store.js';
import { nameOfRoom } from '../store/name-of-room.js';

interface Entry extends RoomOwner {
  /** Number of the claim; 0 if it is not known. */
  readonly number: number;
  /** Set while the room is reserved for a successor: it has to claim the room by then. */
  readonly until?: number;
}

interface Lease {
  expiry: number;
  info: string;
}

/** Milliseconds after the end of a lease at which its entries are removed. */
const SWEEP_AFTER_MS = 60_000;
const RESIGNED = 0;

/** The data of a directory, with the rules of the port. It does in memory what the scripts do in Redis. */
export class DirectoryState {
  readonly #rooms = new Map<string, Entry>();
  readonly #leases = new Map<string, Lease>();
  #lastFence = 0;
  #leaseMs = 0;
  #lastRenewal = 0;
  #settlesUntil = 0;
  #epochs = 0;

  /** The server that served the last call. */
  #server: string | undefined;

  /**
   * @param server names the server with the data: a server with another name may not have received the last writes
   * @param now the time in milliseconds, which may jump
   * @param isSettled the first claims need not wait, as they must in an empty directory
   */
  constructor(
    private readonly server: string,
    private readonly now: () => number,
    isSettled = false,
  ) {
    this.#server = isSettled ? server : undefined;
  }

  /** A copy, as on a replica. */
  copy(server: string): DirectoryState {
    const copy = new DirectoryState(server, this.now);
    for (const [name, entry] of this.#rooms) copy.#rooms.set(name, entry);
    for (const [name, lease] of this.#leases) copy.#leases.set(name, { ...lease });
    copy.#lastFence = this.#lastFence;
    copy.#leaseMs = this.#leaseMs;
    copy.#lastRenewal = this.#lastRenewal;
    copy.#settlesUntil = this.#settlesUntil;
    copy.#epochs = this.#epochs;
    copy.#server = this.#server;
    return copy;
  }

  renew({ incarnation, leaseMs, info, rooms, notAfter }: Renewal): Renewed {
    const now = this.now();
    mustNotBeLate(now, notAfter);
    this.#leaseMs = Math.max(this.#leaseMs, leaseMs);
    const sinceLast = Math.abs(now - this.#lastRenewal);
    this.#noticeTrouble(now, sinceLast > this.#leaseMs / 2 && this.#hasLeases());
    this.#lastRenewal = now;
    const wasAlive = this.#isAlive(incarnation, now);
    this.#leases.set(incarnation, { expiry: now + leaseMs, info });
    const lost = rooms.filter((owned) => !this.#assert(owned, incarnation, now));
    this.#sweep(now);
    const nodes = [...this.#leases.keys()].filter((name) => this.#isAlive(name, now));
    const settlingMs = this.#settlingMs(now);
    return { wasAlive, lost, now, settlingMs, epoch: `${this.server}:${this.#epochs}`, nodes };
  }

  claim({ room, incarnation, number, minFence = 1, notAfter }: RoomClaim): Claimed {
    const now = this.now();
    mustNotBeLate(now, notAfter);
    if (!this.#isAlive(incarnation, now)) return { kind: 'no_lease' };
    // Only with a live lease: before the first renewal, an empty directory does not know how long to settle.
    this.#noticeTrouble(now, false);
    const entry = this.#rooms.get(nameOfRoom(room));
    const counts = entry !== undefined && this.#counts(entry, now);
    if (counts && entry.incarnation !== incarnation)
      return { kind: 'owned', owner: { incarnation: entry.incarnation, fence: entry.fence } };
    if (entry?.incarnation === incarnation && entry.number > number)
      throw new DirectoryError('too_late', 'The node has claimed this room again since.');
    const retryMs = this.#settlingMs(now);
    if (!counts && retryMs > 0) return { kind: 'settling', retryMs };
    const fence = this.#nextFence(Math.max(minFence, (entry?.fence ?? 0) + 1));
    this.#rooms.set(nameOfRoom(room), { incarnation, fence, number });
    const hasOther = entry !== undefined && entry.incarnation !== incarnation;
    const isFailover = hasOther && (this.#leases.get(entry.incarnation)?.expiry ?? RESIGNED) !== RESIGNED;
    return { kind: 'claimed', fence, isFailover };
  }

  release({ room, incarnation, claim, successor }: RoomRelease): Released {
    const entry = this.#rooms.get(nameOfRoom(room));
    if (entry?.incarnation !== incarnation) return 'not_owner';
    if ('fence' in claim ? entry.fence !== claim.fence : entry.number !== claim.number) return 'not_owner';
    const now = this.now();
    if (successor === undefined || !this.#isAlive(successor, now)) {
      this.#rooms.delete(nameOfRoom(room));
      return 'released';
    }
    const fence = this.#nextFence(entry.fence + 1);
    const next = { incarnation: successor, fence, number: 0, until: now + this.#leaseMs };
    this.#rooms.set(nameOfRoom(room), next);
    return 'handed';
  }

  locate(room: RoomKey): RoomOwner | undefined {
    const entry = this.#rooms.get(nameOfRoom(room));
    if (entry === undefined || !this.#counts(entry, this.now())) return undefined;
    return { incarnation: entry.incarnation, fence: entry.fence };
  }

  nodes(): readonly DirectoryNode[] {
    const now = this.now();
    return [...this.#leases]
      .filter(([name]) => this.#isAlive(name, now))
      .map(([incarnation, { info }]) => ({ incarnation, info }));
  }

  resign(incarnation: string): void {
    const lease = this.#leases.get(incarnation);
    // The lease is kept until its entries have been removed.
    if (lease !== undefined) lease.expiry = RESIGNED;
  }

  /** Entries of rooms, those that do not count included. */
  get size(): number {
    return this.#rooms.size;
  }

  #assert({ room, fence }: OwnedRoom, incarnation: string, now: number): boolean {
    const entry = this.#rooms.get(nameOfRoom(room));
    if (entry?.incarnation === incarnation && entry.fence === fence) {
      this.#rooms.set(nameOfRoom(room), { incarnation, fence, number: entry.number });
      return true;
    }
    if (this.#settlingMs(now) === 0 || (entry !== undefined && entry.fence >= fence)) return false;
    this.#rooms.set(nameOfRoom(room), { incarnation, fence, number: 0 });
    this.#lastFence = Math.max(this.#lastFence, fence);
    return true;
  }

  /** If all leases are about to end at once, the directory or its clock is more likely at fault than all nodes. */
  #noticeTrouble(now: number, hasJumped: boolean): void {
    if (this.#server === this.server && !hasJumped) return;
    this.#server = this.server;
    this.#settlesUntil = now + this.#leaseMs;
    this.#epochs++;
  }

  #settlingMs(now: number): number {
    const left = this.#settlesUntil - now;
    return left > 0 && left <= this.#leaseMs ? left : 0;
  }

  #counts(entry: Entry, now: number): boolean {
    return this.#isAlive(entry.incarnation, now) && (entry.until === undefined || now < entry.until);
  }

  /** A lease that ends later than a whole lease from now was made before the clock went back. */
  #isAlive(incarnation: string, now: number): boolean {
    const left = (this.#leases.get(incarnation)?.expiry ?? 0) - now;
    return left > 0 && left <= this.#leaseMs;
  }

  #nextFence(atLeast: number): number {
    this.#lastFence = Math.max(this.#lastFence + 1, Math.floor(this.now() * 1_000), atLeast);
    return this.#lastFence;
  }

  #hasLeases(): boolean {
    return [...this.#leases.values()].some(({ expiry }) => expiry !== RESIGNED);
  }

  #sweep(now: number): void {
    if (this.#settlingMs(now) > 0) return;
    const isOld = (name: string) => (this.#leases.get(name)?.expiry ?? 0) < now - SWEEP_AFTER_MS;
    const old = [...this.#leases.keys()].filter(isOld);
    if (old.length === 0) return;
    for (const [name, entry] of this.#rooms) if (isOld(entry.incarnation)) this.#rooms.delete(name);
    for (const name of old) this.#leases.delete(name);
  }
}

function mustNotBeLate(now: number, notAfter: number | undefined): void {
  if (notAfter !== undefined && now > notAfter)
    throw new DirectoryError('too_late', `The call reached the directory ${Math.ceil(now - notAfter)} ms too late.`);
}
