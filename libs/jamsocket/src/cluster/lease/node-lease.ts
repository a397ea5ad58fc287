import type { JamsocketClock, JamsocketRandom } from '../../base/sources.js';
import { inDetachedContext } from '../../base/async-context.js';
import { withDeadline } from '../../base/within-timeout.js';
import type { RoomKey } from '../../store/room-store.js';
import { MAX_ROOMS_PER_RENEWAL, type Directory, type OwnedRoom, type Released, type Renewed } from '../directory.js';
import { DirectoryError } from '../directory-error.js';
import { DirectoryTime } from './directory-time.js';
import { OwnedRooms } from './owned-rooms.js';
import { LEASE_DEFAULTS, type LeaseSettings } from './lease-settings.js';
import { LeaseWindow, momentOf, type Moment } from './lease-window.js';
import { OtherNodes, type NodesWatch } from './other-nodes.js';
import { RoomCheck } from './room-check.js';
import { RoomClaims, type ClaimOutcome } from './room-claims.js';

/** Is told what happens to the lease. Its methods must not throw. */
export interface LeaseWatch extends NodesWatch {
  /** The lease may have ended: no room may handle, send or save anything. The node may still own all of them. */
  suspended(): void;
  /** The node owns its remaining rooms again, and they continue. */
  resumed(): void;
  /** Another node owns the room, or may own it: the room stops and sends nothing any more. */
  lost(room: OwnedRoom): void;
  /** The directory was away for longer than `graceMs`, or the lease was closed. The node begins anew with another lease. */
  ended(): void;
}

/**
 * The lease of one incarnation of this node, and the rooms it owns by it. It renews the lease, checks all rooms in turn, and
 * knows at every moment whether they may run.
 *
 *   running ──▶ suspended ──▶ running (all rooms checked)
 *                   └──────▶ over    (after graceMs)
 */
export class NodeLease {
  readonly incarnation: string;
  readonly #window: LeaseWindow;
  readonly #rooms = new OwnedRooms();
  readonly #time = new DirectoryTime();
  readonly #check: RoomCheck;
  readonly #claims: RoomClaims;
  readonly #others: OtherNodes;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #suspendedAt: number | undefined;
  #underWay = 0;
  #lastRenewed: Moment | undefined;
  /** The directory was away until shortly before: until then (monotonic) a node that it does not list may still come back. */
  #lenientUntil = -Infinity;
  #hasBegun = false;
  #firstAnswer: (() => void) | undefined;

  /** @param info what other nodes read of this one; asked at each renewal */
  constructor(
    private readonly directory: Directory,
    private readonly clock: JamsocketClock,
    random: JamsocketRandom,
    private readonly watch: LeaseWatch,
    private readonly info: () => string,
    private readonly settings: LeaseSettings = LEASE_DEFAULTS,
  ) {
    this.incarnation = random.token();
    this.#window = new LeaseWindow(
      clock,
      settings.endsWithProcess === true ? Infinity : settings.leaseMs - settings.marginMs,
      settings.marginMs,
    );
    this.#claims = new RoomClaims(directory, clock, this, this.#time);
    this.#others = new OtherNodes(this.incarnation, watch);
    this.#check = this.#createCheck();
  }

  /** Begins the lease. Resolves when the directory has confirmed it; until then it tries. */
  start(): Promise<void> {
    return inDetachedContext(() => {
      this.#suspendedAt = this.clock.now();
      this.#timer = this.clock.setInterval(() => this.#beat(), this.settings.renewEveryMs);
      this.#beat();
      return new Promise((resolve) => (this.#firstAnswer = resolve));
    });
  }

  /** Whether rooms may handle, send and save. Ask it each time: the answer is only about this moment. */
  mayRun(): boolean {
    return this.#window.mayRun();
  }

  /** The lease may have ended, or has not begun yet. */
  get isSuspended(): boolean {
    return this.#suspendedAt !== undefined;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get rooms(): readonly OwnedRoom[] {
    return this.#rooms.all();
  }

  /** The other nodes whose leases are alive. */
  get others(): ReadonlySet<string> {
    return this.#others.alive;
  }

  /** The lease of that node has ended. Only the latest are remembered. */
  hasLeft(incarnation: string): boolean {
    return this.#others.hasLeft(incarnation);
  }

  /** Milliseconds since the last renewal that the directory has confirmed was sent. */
  get ageMs(): number {
    return this.#lastRenewed === undefined ? Infinity : this.clock.now() - this.#lastRenewed.monotonic;
  }

  /**
   * Claims a room for this node. If the node owns it already, the room gets a new fence.
   * @param minFence one more than the fence in the room's record
   * @throws DirectoryError if the directory does not answer within `withinMs`, or takes no claims for so long
   */
  async claim(room: RoomKey, minFence = 1, withinMs = 2 * this.settings.leaseMs): Promise<ClaimOutcome> {
    const outcome = await this.#claims.claim(room, minFence, withinMs);
    if (outcome.kind === 'claimed') this.#rooms.add({ room, fence: outcome.fence });
    return outcome;
  }

  /**
   * Gives up a room that has stopped here and is saved. Without an answer of the directory it tries again.
   * @param successor an incarnation that owns the room from now on, if it is alive
   * @throws DirectoryError if the directory has not answered within a lease
   */
  release(owned: OwnedRoom, successor?: string): Promise<Released> {
    this.#rooms.remove(owned);
    const { room, fence } = owned;
    const release = { room, incarnation: this.incarnation, claim: { fence }, successor };
    return this.#claims.release(release, this.settings.leaseMs);
  }

  /** The fence of a room that this node owns. */
  fenceOf(room: RoomKey): number | undefined {
    return this.#rooms.get(room)?.fence;
  }

  /** The directory tells that a node has ended. */
  nodeEnded(incarnation: string): void {
    if (!this.#isOver) this.#others.ended(incarnation);
  }

  /** Ends the lease. Other nodes can then claim the rooms it still has. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    const late = () => new DirectoryError('directory_failed', 'The directory did not confirm the end of the lease.');
    await withDeadline(this.directory.resign(this.incarnation), this.settings.leaseMs, this.clock, late);
  }

  #beat(): void {
    this.#checkTime();
    if (this.#isOver) return;
    this.#claims.retryReleases(this.settings.leaseMs);
    // Overlapping: with slow answers, one renewal after the other would leave gaps.
    if (this.#underWay * this.settings.renewEveryMs >= this.settings.leaseMs) return;
    void this.#renew(this.#rooms.next(MAX_ROOMS_PER_RENEWAL));
  }

  #checkTime(): void {
    const now = this.clock.now();
    if (this.#suspendedAt === undefined && !this.mayRun()) this.#suspend();
    if (this.#suspendedAt === undefined || now - this.#suspendedAt < this.settings.graceMs) return;
    if (this.#hasBegun) this.#end();
  }

  #suspend(): void {
    this.#window.close();
    this.#check.demand();
    if (this.#suspendedAt !== undefined) return;
    this.#suspendedAt = this.clock.now();
    this.watch.suspended();
  }

  #end(): void {
    this.#isOver = true;
    this.#window.close();
    if (this.#timer !== undefined) this.clock.clearInterval(this.#timer);
    this.#rooms.clear();
    this.watch.ended();
  }

  /** @returns the answer, unless there is none in time. Never rejects. */
  async #renew(rooms: readonly OwnedRoom[]): Promise<Renewed | undefined> {
    const sent = momentOf(this.clock);
    const { leaseMs } = this.settings;
    const { incarnation } = this;
    this.#underWay++;
    try {
      const notAfter = this.#time.at(sent.monotonic + leaseMs);
      const call = this.directory.renew({ incarnation, leaseMs, info: this.info(), rooms, notAfter });
      const late = () => new DirectoryError('directory_failed', `A renewal took more than ${leaseMs} ms.`);
      const renewed = await withDeadline(call, leaseMs, this.clock, late);
      if (this.#isOver) return undefined;
      this.#renewed(sent, renewed);
      return renewed;
    } catch (error) {
      // Rooms stop when the time is up. Until then the next renewals may succeed.
      if (error instanceof DirectoryError && error.code === 'too_late') this.#time.forget();
      return undefined;
    } finally {
      this.#underWay--;
    }
  }

  #renewed(sent: Moment, renewed: Renewed): void {
    if (sent.monotonic >= (this.#lastRenewed?.monotonic ?? -Infinity)) {
      if (this.ageMs > this.settings.leaseMs / 2) this.#lenientUntil = this.clock.now() + this.settings.leaseMs;
      this.#lastRenewed = sent;
      this.#time.learn(sent.monotonic, renewed.now);
      this.#others.listed(renewed.nodes, this.clock.now() < this.#lenientUntil);
    }
    this.#checkTime();
    if (this.#isOver) return;
    // While the directory settles nobody else can have claimed anything.
    if (!renewed.wasAlive && renewed.settlingMs === 0) this.#suspend();
    if (this.#suspendedAt === undefined) this.#window.extend(sent);
    for (const owned of renewed.lost) if (this.#rooms.remove(owned)) this.watch.lost(owned);
    this.#check.answered(renewed);
  }

  #createCheck(): RoomCheck {
    const isSuspended = () => this.isSuspended;
    return new RoomCheck(this.#rooms, {
      get isSuspended() {
        return isSuspended();
      },
      renew: (rooms) => this.#renew(rooms),
      passed: () => this.#resume(),
    });
  }

  /** All rooms are checked. */
  #resume(): void {
    if (this.#isOver) return;
    this.#hasBegun = true;
    this.#firstAnswer?.();
    if (this.#suspendedAt === undefined) return;
    this.#window.extend(this.#lastRenewed!);
    if (!this.mayRun()) return this.#suspend();
    this.#suspendedAt = undefined;
    this.watch.resumed();
  }
}
