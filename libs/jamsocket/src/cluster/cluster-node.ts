import { Logger } from '@nestjs/common';
import { inDetachedContext } from '../base/async-context.js';
import { RoomElsewhereError } from '../base/errors.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { SharedCounts } from '../base/limits/shared-counts.js';
import { withDeadline } from '../base/within-timeout.js';
import type { RoomKey } from '../store/room-store.js';
import { BOOT_MS, checkDriver, warnSilent } from './check-driver.js';
import type { ClusterDriver } from './cluster-driver.js';
import { ClusterCounts, NO_READINGS, readingsOf, type ClusterReadings } from './cluster-counts.js';
import type { Directory, DirectoryNode, OwnedRoom, Released } from './directory.js';
import { LINKS_DEFAULTS, NodeLinks } from './links/node-links.js';
import type { LinkUser, PeerLink } from './links/peer-link.js';
import { LEASE_DEFAULTS } from './lease/lease-settings.js';
import { NodeLease, type LeaseWatch } from './lease/node-lease.js';
import type { SocketHandOver } from './socket-hand-over.js';
import { RunPermit } from './run-permit.js';
import { foreign, unavailable } from './cluster-refusals.js';

/** Milliseconds to wait for the owner of a room. */
const LOCATE_MS = 3_000;

const logger = new Logger('Jamsocket');

/** Is told what happens to this node. Its methods must not throw. */
export interface NodeWatch extends LinkUser {
  /** Another node owns the room, or may own it. */
  roomLost(room: RoomKey): void;
  /** The node has lost its lease: all its rooms belong to others now. Another lease begins. */
  leaseLost(): void;
}

/** From the begin of a lease to its end. */
interface Life {
  readonly lease: NodeLease;
  readonly links: NodeLinks;
}

/**
 * This process as a node of the cluster: its lease, its links with other nodes, and the rooms it owns. When a lease is lost,
 * the node begins anew under another name.
 */
export class ClusterNode {
  readonly permit = new RunPermit();
  readonly counts = new ClusterCounts();
  /** Set before `start`. */
  watch!: NodeWatch;
  /** A lease has begun, under another name than the one before. */
  begun: () => void = () => undefined;
  /** What other nodes read of this one. */
  info: () => string = () => '';
  #directory: Directory | null = null;
  #life: Life | null = null;
  #maxBytesUnderWay = LINKS_DEFAULTS.maxBytesUnderWay;
  #isClosed = false;
  #begunAt = 0;

  constructor(
    private readonly driver: ClusterDriver,
    private readonly clock: JamsocketClock,
    private readonly random: JamsocketRandom,
  ) {}

  /**
   * Checks the driver and begins the first lease. Without an answer in time it resolves, and the node begins when it can.
   * @throws JamsocketConfigurationError if the server or its settings cannot carry a cluster
   */
  async start(): Promise<void> {
    this.#maxBytesUnderWay = (await checkDriver(this.driver, this.clock)) ?? this.#maxBytesUnderWay;
    if (this.#isClosed) return;
    this.#directory = this.driver.openDirectory();
    this.#directory.onNodeEnded?.((incarnation) => this.#life?.lease.nodeEnded(incarnation));
    const late = () => new Error(`no answer in ${BOOT_MS} ms`);
    await withDeadline(this.#begin(), BOOT_MS, this.clock, late).catch(warnSilent);
  }

  /** The name of this node while its present lease lasts; `undefined` before the first one. */
  get incarnation(): string | undefined {
    return this.#life?.lease.incarnation;
  }

  get sockets(): SocketHandOver | undefined {
    return this.driver.sockets;
  }

  /** The other nodes that share the port. */
  get siblings(): readonly string[] {
    const { siblings } = this.driver;
    return this.sharesPort ? [...this.others].filter((node) => siblings?.has(node) ?? true) : [];
  }

  /** Counts for limits that nodes share; `null` if limits hold for this node. */
  get sharedCounts(): SharedCounts | null {
    return this.driver.counts ?? null;
  }

  /** Whether this node gets its clients from a port that others listen on, too. */
  get sharesPort(): boolean {
    return this.driver.sharesPort === true;
  }

  /** The other nodes whose leases are alive. */
  get others(): ReadonlySet<string> {
    return this.#life?.lease.others ?? new Set();
  }

  get lease(): NodeLease | undefined {
    return this.#life?.lease;
  }

  get links(): NodeLinks | undefined {
    return this.#life?.links;
  }

  get readings(): ClusterReadings {
    if (this.#life === null) return NO_READINGS;
    const { lease, links } = this.#life;
    return readingsOf(lease, links, this.clock.now() - this.#begunAt);
  }

  /** Why this node can run or reach no rooms, in words; `undefined` while it can. */
  get outage(): string | undefined {
    if (this.#life === null || this.#life.lease.isSuspended)
      return 'This node has no lease in the cluster at the moment.';
    return this.#life.links.isDeaf ? 'This node does not hear from the cluster.' : undefined;
  }

  /** The link to another node. @throws RefusedError `cluster_unavailable`, `node_unavailable` */
  linkTo(incarnation: string): PeerLink {
    const { lease, links } = this.#alive();
    const version = links.foreignVersionOf(incarnation);
    if (version !== undefined) throw foreign(incarnation, version);
    const link = links.to(incarnation);
    // The node was found just before its lease has ended: nobody would answer, and nothing else would cut the link soon.
    if (lease.hasLeft(incarnation)) setImmediate(() => link.cut('its lease has ended'));
    return link;
  }

  /**
   * Makes this node the owner of a room.
   * @returns the fence
   * @throws RoomElsewhereError if another node owns it; RefusedError `cluster_unavailable`
   */
  async claim({ service, key }: RoomKey, minFence?: number): Promise<number> {
    const { lease } = this.#alive();
    const { counts } = this;
    const outcome = await lease.claim({ service, key }, minFence).catch((error) => {
      counts.claimsFailed++;
      throw unavailable(error);
    });
    if (outcome.kind === 'owned') {
      counts.claimsElsewhere++;
      throw new RoomElsewhereError(key, outcome.owner.incarnation);
    }
    counts.claimsGranted++;
    if (outcome.isFailover === true) counts.failovers++;
    return outcome.fence;
  }

  fenceOf(room: RoomKey): number | undefined {
    return this.#life?.lease.fenceOf(room);
  }

  /**
   * The room has stopped here. Does nothing if this node does not own it. Never rejects.
   * @returns `undefined` if the directory has not answered: it is tried again
   */
  async release(room: RoomKey, successor?: string): Promise<Released | undefined> {
    const lease = this.#life?.lease;
    const fence = lease?.fenceOf(room);
    if (lease === undefined || fence === undefined) return 'not_owner';
    // Tried again with each renewal.
    return lease.release({ room, fence }, successor).catch(() => undefined);
  }

  /** The name of the node that owns a room. @throws RefusedError `cluster_unavailable` */
  async locate(room: RoomKey): Promise<string | undefined> {
    this.#alive();
    return (await this.#ask(() => this.#directory!.locate(room)))?.incarnation;
  }

  /** All nodes whose leases are alive, this one included. @throws RefusedError `cluster_unavailable` */
  async nodes(): Promise<readonly DirectoryNode[]> {
    this.#alive();
    return this.#ask(() => this.#directory!.nodes());
  }

  /** Ends the lease. Other nodes can claim the rooms that are left. Never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const life = this.#life;
    // Without the permit nothing leaves any more.
    life?.links.flush();
    this.permit.follow(null);
    await life?.lease.close().catch(() => undefined);
    await life?.links.close().catch(() => undefined);
    await this.#directory?.close().catch(() => undefined);
  }

  /** Resolves when the node has a lease. */
  async #begin(): Promise<void> {
    const { clock, random, driver, counts } = this;
    this.#begunAt = clock.now();
    const life = inDetachedContext((): Life => {
      const times = {
        ...LEASE_DEFAULTS,
        ...driver.leaseTimes,
        graceMs: driver.graceMs ?? LEASE_DEFAULTS.graceMs,
      };
      const lease = new NodeLease(this.#directory!, clock, random, this.#leaseWatch(), () => this.info(), times);
      const settings = { ...LINKS_DEFAULTS, maxBytesUnderWay: this.#maxBytesUnderWay };
      const links = new NodeLinks(
        driver.openRelay(),
        lease.incarnation,
        clock,
        random,
        this.watch,
        settings,
        counts.links,
      );
      return { lease, links };
    });
    this.#life = life;
    this.permit.follow(life.lease);
    await Promise.all([life.lease.start(), life.links.open()]);
    this.begun();
  }

  #leaseWatch(): LeaseWatch {
    return {
      suspended: () => {
        this.counts.suspensions++;
        logger.warn('The lease of this node may have run out: its rooms pause until the directory confirms it.');
      },
      resumed: () => this.permit.resume(),
      lost: ({ room }: OwnedRoom) => this.watch.roomLost(room),
      ended: () => this.#ended(),
      nodeJoined: () => undefined,
      nodeLeft: (incarnation) => this.#life?.links.left(incarnation),
    };
  }

  #ended(): void {
    if (this.#isClosed) return;
    const life = this.#life;
    this.#life = null;
    this.counts.leasesLost++;
    this.permit.follow(null);
    logger.error('This node has lost its lease: its rooms have stopped, and it joins the cluster again.');
    this.watch.leaseLost();
    void life?.links.close().catch(() => undefined);
    void this.#begin().catch(warnSilent);
  }

  #alive(): Life {
    if (this.#life === null || this.#isClosed) throw unavailable();
    return this.#life;
  }

  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await withDeadline(ask(), LOCATE_MS, this.clock, () => new Error(`no answer in ${LOCATE_MS} ms`));
    } catch (error) {
      throw unavailable(error);
    }
  }
}
