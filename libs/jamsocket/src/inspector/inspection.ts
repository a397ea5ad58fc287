import { Logger } from '@nestjs/common';
import { describeError } from '../base/foreign-value.js';
import { logError } from '../base/log.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Durability } from '../durable/durability.js';
import type { Siblings } from '../node/siblings.js';
import type { JamsocketObservers } from '../observe/jamsocket-observers.js';
import type { ResolvedInspectorOptions } from './inspector-options.js';
import type { Overview, RoomDetail } from './inspector-events.js';
import { ClusterView, type SurveyedCluster } from './readings/cluster-view.js';
import { cutText } from './excerpts.js';
import { SiblingReadings } from './siblings/sibling-readings.js';
import { ProcessReadings } from './readings/process-readings.js';
import { RoomDetails } from './room-detail.js';
import type { RoomDirectory } from './room-directory.js';
import { RoomMeters } from './room-meters.js';
import { RoomTable } from './room-table.js';
import type { IsInjected } from './state-view.js';
import type { Viewer } from './viewer.js';

const TRAFFIC_INTERVAL_MS = 100;
const MAX_OUTAGE = 1_000;
const logger = new Logger('Jamsocket');

/** What an inspection depends on. */
export interface InspectionParts {
  readonly options: ResolvedInspectorOptions;
  readonly directory: RoomDirectory;
  readonly observers: JamsocketObservers;
  readonly clock: JamsocketClock;
  /** `null` without a store. */
  readonly durability: Pick<Durability, 'outage'> | null;
  /** `null` if state is not shown. */
  readonly isInjected: IsInjected | null;
  /** `null` without a cluster. */
  readonly cluster: SurveyedCluster | null;
  readonly siblings: Siblings;
}

/** Reads the rooms for all open pages. It exists only while at least one page is open, so that nothing is read otherwise. */
export class Inspection {
  readonly #viewers = new Set<Viewer>();
  readonly #meters = new RoomMeters();
  readonly #process = new ProcessReadings();
  readonly #table: RoomTable;
  readonly #details: RoomDetails;
  readonly #siblings: SiblingReadings;
  /** `null` while no page shows other processes. */
  #cluster: ClusterView | null = null;
  readonly #readTimer: NodeJS.Timeout;
  readonly #stopMeters: () => void;
  #trafficTimer: NodeJS.Timeout | null = null;
  #readAt: number;
  #overview: Overview;
  #hasFailed = false;

  constructor(private readonly parts: InspectionParts) {
    const { clock, options, observers, isInjected, siblings } = parts;
    this.#readAt = clock.now();
    // Computed once: if it followed the wall clock, every row would count as changed.
    const epoch = Date.now() - this.#readAt;
    this.#table = new RoomTable(epoch);
    this.#details = new RoomDetails(epoch, isInjected);
    this.#siblings = new SiblingReadings(siblings);
    this.#stopMeters = observers.add(this.#meters);
    this.#readTimer = clock.setInterval(() => this.#safely(() => this.#showAll()), options.intervalMs);
    this.#overview = this.#read();
  }

  get size(): number {
    return this.#viewers.size;
  }

  add(viewer: Viewer): void {
    this.#viewers.add(viewer);
    if (viewer.watch !== undefined) this.#meters.watch(viewer.watch);
    this.#followWatches();
    this.#followCluster();
    this.show(viewer);
  }

  remove(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer)) return;
    if (viewer.watch !== undefined) this.#meters.unwatch(viewer.watch);
    this.#followWatches();
    this.#followCluster();
  }

  /** Ends every page's stream. */
  end(): void {
    for (const viewer of this.#viewers) viewer.end();
    this.stop();
  }

  stop(): void {
    this.parts.clock.clearInterval(this.#readTimer);
    for (const viewer of this.#viewers) this.remove(viewer);
    this.#stopMeters();
    this.#process.stop();
  }

  /** Runs the traffic timer only while a room is watched. */
  #followWatches(): void {
    const { clock } = this.parts;
    if (this.#meters.isWatched && this.#trafficTimer === null) {
      this.#trafficTimer = clock.setInterval(() => this.#safely(() => this.#showTraffic()), TRAFFIC_INTERVAL_MS);
    } else if (!this.#meters.isWatched && this.#trafficTimer !== null) {
      clock.clearInterval(this.#trafficTimer);
      this.#trafficTimer = null;
    }
  }

  /** Asks other processes only while a page shows them. */
  #followCluster(): void {
    const { cluster, clock } = this.parts;
    const isShown = [...this.#viewers].some(({ showsCluster }) => showsCluster);
    if (cluster === null || isShown === (this.#cluster !== null)) return;
    this.#cluster?.stop();
    this.#cluster = isShown ? new ClusterView(cluster, this.#siblings, clock) : null;
    this.#table.showElsewhere([]);
  }

  /** Reading the application's values may throw, which must not end the process. The first error is logged. */
  #safely(show: () => void): void {
    try {
      show();
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      const { message, stack } = describeError(error);
      logError(logger, `The inspector cannot show its rooms: ${message}`, null, stack);
    }
  }

  #showAll(): void {
    this.#overview = this.#read();
    for (const viewer of this.#viewers) {
      viewer.watch?.log.nextInterval();
      this.show(viewer);
    }
  }

  /** Shows everything that has changed. */
  show(viewer: Viewer): void {
    const { directory } = this.parts;
    const overview = this.#cluster === null ? this.#overview : { ...this.#overview, cluster: this.#cluster.detail };
    viewer.show(overview, this.#table, (key, room) => {
      const found = room && directory.find(room.service, room.room);
      if (found !== undefined) return this.#details.of(key, found);
      const elsewhere = this.#details.of(key, undefined, this.#cluster?.of(key));
      const owner = this.#cluster?.siblingOf(key);
      if (owner === undefined) return elsewhere;
      void this.#askSibling(owner, viewer, elsewhere);
      return undefined;
    });
  }

  /** @param otherwise what to show if the sibling does not answer, or does not have the room */
  async #askSibling(owner: string, viewer: Viewer, otherwise: RoomDetail): Promise<void> {
    const page = await this.#siblings.watch(owner, viewer);
    if (page === 'asked already' || !this.#viewers.has(viewer)) return;
    viewer.showSibling(page?.room?.isGone === false ? page : { room: otherwise });
  }

  #showTraffic(): void {
    for (const viewer of this.#viewers) {
      if (viewer.showsMachine && this.parts.siblings.isOn) void this.#showTrafficOfMachine(viewer);
      else viewer.showTraffic();
    }
  }

  /** Shows the traffic of a service in all workers together, so that it is in the order of time. */
  async #showTrafficOfMachine(viewer: Viewer): Promise<void> {
    const told = await this.#siblings.watchService(viewer);
    if (told !== 'asked already' && this.#viewers.has(viewer)) viewer.showTraffic(told);
  }

  #read(): Overview {
    const { directory, clock, options, isInjected, durability } = this.parts;
    const now = clock.now();
    this.#table.read(directory.rooms, (room) => this.#meters.of(room), now - this.#readAt);
    this.#meters.reset();
    this.#readAt = now;
    let connections = 0;
    for (const { clients, away } of this.#table.rows) connections += clients - away;
    if (this.#cluster !== null) {
      for (const { clients, away } of this.#siblings.rows) connections += clients - away;
      this.#table.showElsewhere(this.#cluster.rows);
    }
    return {
      at: Date.now(),
      intervalMs: options.intervalMs,
      ...this.#process.take(),
      connections,
      services: directory.totalsOf(this.#table.all),
      isStateShown: isInjected !== null,
      ...(durability !== null && { store: { outage: durability.outage && cutText(durability.outage, MAX_OUTAGE) } }),
    };
  }
}
