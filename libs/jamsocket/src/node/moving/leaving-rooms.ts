import { Logger } from '@nestjs/common';
import { describeError } from '../../base/foreign-value.js';
import type { JamsocketClock } from '../../base/sources.js';
import { withDeadline } from '../../base/within-timeout.js';
import type { ClusterNode } from '../../cluster/cluster-node.js';
import { stateFieldsOf } from '../../decorators/metadata-accessor.js';
import type { Client } from '../../members/client.js';
import { RemoteLink } from '../../owner/remote-link.js';
import { MOVING_VERSION, type OfferedRoom, type Seat } from '../../peers/moving.js';
import type { RoomRegistry } from '../../rooms/room-registry.js';
import type { Room } from '../../room/room.js';
import { readNodeInfo } from '../node-info.js';

/** Rooms that move at the same time. */
const AT_ONCE = 32;
/** How long a room waits for the nodes that have its clients' sockets. */
const HOLD_MS = 1_000;
/**
 * How long a successor may take to answer. Without an answer, another node is asked, or the clients of a saved room resume:
 * that is soon better.
 */
const ANSWER_MS = 1_000;
/** The same for a room that is saved nowhere, if no other node can be asked. */
const TRANSIENT_ANSWER_MS = 3_000;

const logger = new Logger('Jamsocket');

/** What the hand-over needs of its node. */
export interface LeavingNode {
  readonly node: Pick<ClusterNode, 'incarnation' | 'nodes' | 'release'>;
  readonly registry: RoomRegistry;
  readonly clock: JamsocketClock;
  /** @throws the error of the node; RefusedError `node_unavailable` */
  call(incarnation: string, method: string, args: unknown, withinMs?: number): Promise<unknown>;
}

/** One hand-over of rooms to other nodes: of all rooms when this node shuts down, or of one. */
export class LeavingRooms {
  /** In the order in which they get rooms that have no clients elsewhere. */
  #successors: readonly string[] = [];
  #turn = 0;
  #moved = 0;
  #failed = 0;

  constructor(private readonly site: LeavingNode) {}

  /**
   * Hands over as many rooms as it can within that time. Never rejects.
   * @returns clients of these rooms whose connections are still here: they are to be closed
   */
  async handOver(withinMs: number): Promise<readonly Client[]> {
    const { clock, registry } = this.site;
    const rooms = registry.list().filter(goesAlong);
    if (rooms.length === 0 || !(await this.#findSuccessors(withinMs))) return [];
    const deadline = clock.now() + withinMs;
    const left: Client[] = [];
    const rest = rooms[Symbol.iterator]();
    const moveSome = async () => {
      for (const room of rest) {
        if (clock.now() >= deadline) return;
        if (await this.#move(room)) left.push(...room.members.all.filter(({ connection }) => connection !== null));
      }
    };
    const all = Promise.all(Array.from({ length: AT_ONCE }, moveSome));
    await withDeadline(all, withinMs, clock, () => new Error('late')).catch(() => undefined);
    logger.log(`Shutting down: ${this.#moved} of ${rooms.length} rooms were handed over to other nodes.`);
    return left;
  }

  /**
   * Hands one room over to a chosen node.
   * @returns clients whose connections are still here: they are to be closed. `undefined` if the room stays
   */
  async moveTo(successor: string, room: Room): Promise<readonly Client[] | undefined> {
    this.#successors = [successor];
    if (!goesAlong(room) || !(await this.#move(room))) return undefined;
    return room.members.all.filter(({ connection }) => connection !== null);
  }

  async #findSuccessors(withinMs: number): Promise<boolean> {
    const { node, clock } = this.site;
    const found = await withDeadline(node.nodes(), withinMs, clock, () => new Error('late')).catch(() => []);
    this.#successors = found
      .filter(({ incarnation }) => incarnation !== node.incarnation)
      .map(({ incarnation, info }) => ({ incarnation, ...readNodeInfo(info, incarnation) }))
      .filter(({ takes }) => takes === MOVING_VERSION)
      .sort((one, other) => one.rooms - other.rooms)
      .map(({ incarnation }) => incarnation);
    return this.#successors.length > 0;
  }

  /** @returns whether the instance here has stopped */
  async #move(room: Room): Promise<boolean> {
    const links = room.members.all.flatMap(({ connection }) => (connection instanceof RemoteLink ? [connection] : []));
    const held = Promise.all(links.map((link) => link.hold()));
    await withDeadline(held, HOLD_MS, this.site.clock, () => new Error('late')).catch(() => undefined);
    if (room.state !== 'running' || !canGoAlong(room)) return false;
    await room.end.handOver(() => this.#give(room));
    return true;
  }

  /** The room has run its last handler and is saved. Whatever fails here ends with the clients' connections closed. */
  async #give(room: Room): Promise<void> {
    try {
      const record = room.lifecycle === null ? room.transientRecord() : undefined;
      room.members.finish();
      const staying = [...room.members.clients.values()].filter((client) => keepsConnection(room, client));
      const offer: OfferedRoom = {
        ...room.key,
        seats: staying.map((client) => seatOf(room, client)),
        record,
        isUnjoined: room.occupancy.isUnjoined,
      };
      const successor = await this.#offer(offer, this.#candidates(staying));
      const released = await this.site.node.release(room.key, successor);
      if (released === undefined || released === 'not_owner') throw new Error('the directory has not released it');
      await this.site.call(successor, 'granted', room.key, answerMsOf(offer));
      for (const client of staying) {
        (client.connection as RemoteLink).moveTo({ ...room.key, successor });
        client.connection = null;
      }
      this.#moved++;
    } catch (error) {
      if (this.#failed++ > 0) return;
      const { message } = describeError(error);
      logger.warn(`Room "${room.address.key}" could not be handed over to another node: ${message}`);
    }
  }

  /** The nodes that have most of its clients' sockets come first. */
  #candidates(staying: readonly Client[]): readonly string[] {
    const counts = new Map<string, number>();
    for (const { connection } of staying) {
      const { name } = (connection as RemoteLink).edge;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const all = this.#successors;
    const first = this.#turn++ % all.length;
    return [...all.slice(first), ...all.slice(0, first)].sort(
      (one, other) => (counts.get(other) ?? 0) - (counts.get(one) ?? 0),
    );
  }

  async #offer(offer: OfferedRoom, candidates: readonly string[]): Promise<string> {
    let failure: unknown;
    for (const [at, candidate] of candidates.entries()) {
      try {
        const isLast = at === candidates.length - 1;
        await this.site.call(candidate, 'offered', offer, isLast ? answerMsOf(offer) : ANSWER_MS);
        return candidate;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

function answerMsOf({ record }: OfferedRoom): number {
  return record === undefined ? ANSWER_MS : TRANSIENT_ANSWER_MS;
}

/**
 * Whether the room goes along: it is durable, or it has fields that say what to take along. Any other would forget everything
 * that it knows of its clients, so they join a new one instead.
 */
function goesAlong({ lifecycle, states, instance }: Room): boolean {
  if (lifecycle !== null || states !== null) return true;
  return instance!.hooks.instances.some((each) => stateFieldsOf(each).length > 0);
}

/** A room that is not durable has no record to fall back on: it is tried before anything ends. */
function canGoAlong(room: Room): boolean {
  if (room.lifecycle !== null) return true;
  try {
    room.transientRecord();
    return true;
  } catch (error) {
    room.report(error);
    return false;
  }
}

/** Nothing that the client said is under way, so that its connection can go on with another instance. */
function keepsConnection({ definition }: Room, { connection, session, held, closed }: Client): boolean {
  if (!(connection instanceof RemoteLink) || !connection.isHeld || held !== null || closed !== undefined) return false;
  if (session === null) return true;
  return session.isConfirmed && session.received === session.handled && definition.options.resume.windowMs > 0;
}

function seatOf({ presence }: Room, client: Client): Seat {
  const { edge, channel } = client.connection as RemoteLink;
  const takesUncounted = client.session?.takesUncounted ?? false;
  return { id: client.id, edge: edge.name, channel, takesUncounted, presence: presence?.jsonOf(client) };
}
