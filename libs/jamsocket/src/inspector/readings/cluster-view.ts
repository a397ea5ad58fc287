import type { JamsocketClock } from '../../base/sources.js';
import { describeError } from '../../base/foreign-value.js';
import type { SurveyedNode } from '../../node/survey.js';
import { cutText } from '../excerpts.js';
import type { ClusterDetail, Elsewhere, RoomRow } from '../inspector-events.js';
import { keyFor } from '../room-directory.js';
import type { SiblingReadings } from '../siblings/sibling-readings.js';

/** How often the other nodes are asked. */
const EVERY_MS = 2_000;
const MAX_NAME = 200;
const MAX_OUTAGE = 1_000;
const QUIET = { away: 0, in: 0, out: 0, bytesIn: 0, bytesOut: 0, mailbox: 0, buffered: 0, timers: 0, startedAt: 0 };

/** What the view needs of the cluster. */
export interface SurveyedCluster {
  survey(): Promise<readonly SurveyedNode[]>;
}

/** The nodes of the cluster and the rooms of the other ones, asked for while a page is open. */
export class ClusterView {
  #nodes: readonly SurveyedNode[] = [];
  #rows = new Map<string, RoomRow>();
  /** By key of the room. */
  #owners = new Map<string, SurveyedNode>();
  #outage: string | undefined;
  #isAsking = false;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly cluster: SurveyedCluster,
    private readonly siblings: SiblingReadings,
    private readonly clock: JamsocketClock,
  ) {
    this.#timer = clock.setInterval(() => void this.#ask(), EVERY_MS);
    void this.#ask();
  }

  stop(): void {
    this.clock.clearInterval(this.#timer);
  }

  /** Rooms of other nodes. An unchanged row stays the same object. */
  get rows(): Iterable<RoomRow> {
    return this.#rows.values();
  }

  get detail(): ClusterDetail {
    const nodes = this.#nodes.map(({ incarnation, name, isThis, rooms, inspector, listed }) => ({
      id: incarnation,
      name: cutText(name, MAX_NAME),
      isThis,
      isSilent: !isThis && listed === undefined,
      // A node of another version may tell no number.
      rooms: Number.isFinite(rooms) ? rooms : null,
      url: isThis ? undefined : inspector,
    }));
    return { nodes, outage: this.#outage };
  }

  /** Where a room is that is not here. */
  of(key: string): Elsewhere | undefined {
    const owner = this.#owners.get(key);
    return owner && { node: cutText(owner.name, MAX_NAME), url: owner.inspector };
  }

  /** The other worker of this machine that has the room. */
  siblingOf(key: string): string | undefined {
    const owner = this.#owners.get(key)?.incarnation;
    return owner !== undefined && this.siblings.has(owner) ? owner : undefined;
  }

  /** A slow answer is not asked for twice. */
  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const nodes = await this.cluster.survey();
      await this.siblings.read(nodes);
      this.#show(nodes);
      this.#outage = undefined;
    } catch (error) {
      this.#outage = cutText(describeError(error).message, MAX_OUTAGE);
    }
    this.#isAsking = false;
  }

  #show(nodes: readonly SurveyedNode[]): void {
    const rows = new Map<string, RoomRow>();
    this.#owners = new Map();
    for (const node of nodes) {
      const whole = this.siblings.rowsOf(node.incarnation);
      for (const row of whole ?? []) {
        rows.set(row.key, row);
        this.#owners.set(row.key, node);
      }
      if (whole !== undefined) continue;
      const name = cutText(node.name, MAX_NAME);
      for (const { definition, address, size } of node.listed ?? []) {
        const { service } = definition;
        const key = keyFor(service, address.key);
        const before = this.#rows.get(key);
        const isSame = before?.node === name && before.clients === size;
        rows.set(key, isSame ? before : { key, service, room: address.key, clients: size, ...QUIET, node: name });
        this.#owners.set(key, node);
      }
    }
    this.#nodes = nodes;
    this.#rows = rows;
  }
}
