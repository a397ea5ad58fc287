import { Logger } from '@nestjs/common';
import { CloseCode } from '../base/protocol.js';
import { describeError } from '../base/foreign-value.js';
import type { JamsocketClock } from '../base/sources.js';
import type { ClusterNode, NodeWatch } from '../cluster/cluster-node.js';
import { PROTOCOL } from '../cluster/links/link-frame.js';
import type { SocketHandOver } from '../cluster/socket-hand-over.js';
import type { PeerLink } from '../cluster/links/peer-link.js';
import { ClusterPlacement } from '../edge/cluster-placement.js';
import type { EdgeChannel } from '../edge/edge-channel.js';
import { EdgePart, type EdgeServices, type RoomMoves } from '../edge/edge-part.js';
import type { Client } from '../members/client.js';
import { OwnerPart } from '../owner/owner-part.js';
import { PeerCalls, type CallHandler } from '../peers/calls.js';
import { MOVING_VERSION, type MovedNote, type OfferedRoom } from '../peers/moving.js';
import type { RoomCalls } from '../rooms/room-calls.js';
import type { UserCalls } from '../rooms/user-calls.js';
import type { Room } from '../room/room.js';
import { ClusterUserCalls } from './cluster-user-calls.js';
import { ClusterRoomCalls } from './cluster-room-calls.js';
import { ArrivingRooms } from './arriving-rooms.js';
import { LeavingRooms } from './leaving-rooms.js';
import { leastLoaded } from './least-loaded.js';
import { NODE_NAME, type NodeInfo } from './node-info.js';
import { sendAway } from './send-away.js';
import { roomCallAnswers } from './room-call-answers.js';
import { surveyNodes, type SurveyedNode } from './survey.js';
import { Peers } from '../peers/peer.js';
import type { ResolvedOptions } from '../options/resolved.js';
import type { Placement } from '../rooms/reservation.js';
import type { RoomRegistry } from '../rooms/room-registry.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { RoomKey } from '../store/room-store.js';

const logger = new Logger('Jamsocket');

/** What this node is made of. */
export interface NodeParts extends EdgeServices {
  readonly node: ClusterNode;
  readonly registry: RoomRegistry;
  readonly definitions: readonly RoomDefinition[];
  readonly clock: JamsocketClock;
  /** Places clients in rooms of this process. */
  readonly local: Placement;
  /** Calls rooms of this process. */
  readonly localCalls: RoomCalls;
  /** Finds users in rooms of this process. */
  readonly localUsers: UserCalls;
  readonly placement: ResolvedOptions['placement'];
}

interface Parts {
  readonly owner: OwnerPart;
  readonly edge: EdgePart;
  readonly calls: PeerCalls;
}

/** This process in the cluster: as the owner of rooms, and as the edge of clients whose rooms are on other nodes. */
export class ThisNode implements NodeWatch, RoomMoves {
  readonly placement: Placement;
  /** Address of this node's inspector, which other nodes link to. */
  inspector: string | undefined;
  readonly #answers: Map<string, CallHandler>;
  readonly #peers: Peers<Parts>;
  #isDraining = false;
  readonly #arriving: ArrivingRooms;
  readonly #leaving: LeavingRooms;
  readonly #definitions: ReadonlyMap<string, RoomDefinition>;
  /** Calls rooms wherever they are. */
  readonly calls: RoomCalls;
  /** Finds users in whatever rooms they are. */
  readonly users: UserCalls;

  constructor(private readonly parts: NodeParts) {
    const { node, registry, clock, local } = parts;
    this.#definitions = new Map(parts.definitions.map((definition) => [definition.service, definition]));
    const isDraining = () => this.#isDraining;
    const arriving = () => this.#arriving;
    const ownerServices = {
      get isDraining() {
        return isDraining();
      },
      get followers() {
        return arriving();
      },
      placement: local,
      definitions: this.#definitions,
      now: () => clock.now(),
    };
    const site = {
      ...{ registry, clock, definitions: this.#definitions },
      get isDraining() {
        return isDraining();
      },
    };
    this.#arriving = new ArrivingRooms(site);
    this.#leaving = new LeavingRooms({ node, registry, clock, call: (...call) => this.call(...call) });
    this.#answers = roomCallAnswers({
      local: parts.localCalls,
      users: parts.localUsers,
      definitions: this.#definitions,
      incarnation: () => node.incarnation,
      roomOf: (key) => this.#roomOf(key),
    });
    this.#peers = new Peers<Parts>((link) => ({
      owner: new OwnerPart(link, ownerServices),
      edge: new EdgePart(link, parts, this),
      calls: new PeerCalls(link, this.#answers, clock),
    }));
    this.placement = new ClusterPlacement(
      local,
      registry,
      node,
      (owner) => this.#with(owner).edge,
      clock,
      (definition) => this.nodeForNew(definition),
    );
    this.calls = new ClusterRoomCalls(parts.localCalls, registry, node, this, this.#definitions);
    this.users = new ClusterUserCalls(parts.localUsers, node, this, this.#definitions);
    node.watch = this;
    this.answer('offered', (offer: OfferedRoom, from) => this.#arriving.offered(offer, from));
    this.answer('granted', (room: RoomKey, from) => this.#arriving.granted(room, from));
    node.info = () => {
      const { inspector } = this;
      const takes = this.#isDraining ? 0 : MOVING_VERSION;
      return JSON.stringify({ name: NODE_NAME, rooms: registry.size, inspector, takes } satisfies NodeInfo);
    };
  }

  /** The name of the node that has a room. @throws RefusedError `cluster_unavailable` */
  locate(room: RoomKey): Promise<string | undefined> {
    return this.parts.node.locate(room);
  }

  /** All nodes, and some of their rooms. @throws RefusedError `cluster_unavailable` */
  survey(): Promise<readonly SurveyedNode[]> {
    return surveyNodes(this.parts.node, this, this.#definitions);
  }

  /** The names of the other nodes that are alive. */
  get others(): readonly string[] {
    return [...this.parts.node.others];
  }

  /** The names of the other nodes that share the port. */
  get siblings(): readonly string[] {
    return this.parts.node.siblings;
  }

  /** Answers the calls of other nodes. */
  answer(method: string, handler: CallHandler): void {
    this.#answers.set(method, handler);
  }

  /** @throws the error of the node; RefusedError `node_unavailable`, `cluster_unavailable` */
  async call(incarnation: string, method: string, args: unknown, withinMs?: number): Promise<unknown> {
    return this.#with(incarnation).calls.call(method, args, withinMs);
  }

  /** The node for a room that no node has; `undefined` for this one. @throws RefusedError `cluster_unavailable` */
  nodeForNew({ options }: RoomDefinition): Promise<string | undefined> | undefined {
    return this.parts.placement === 'leastLoaded' && options.roomIds === 'implicit'
      ? leastLoaded(this.parts)
      : undefined;
  }

  get sockets(): SocketHandOver | undefined {
    return this.parts.node.sockets;
  }

  /** The name of this node at present. */
  get incarnation(): string | undefined {
    return this.parts.node.incarnation;
  }

  /** Whether other nodes get clients from the port of this one, too. */
  get sharesPort(): boolean {
    return this.parts.node.sharesPort;
  }

  /** @throws JamsocketConfigurationError if the server or its settings cannot carry a cluster */
  start(): Promise<void> {
    return this.parts.node.start();
  }

  /** Never rejects. */
  close(): Promise<void> {
    return this.parts.node.close();
  }

  /**
   * Hands rooms over to other nodes, at most for that time. Their clients on other nodes keep their connections.
   * @returns clients of these rooms whose sockets are here: they are to be closed
   */
  handOver(withinMs: number): Promise<readonly Client[]> {
    this.#isDraining = true;
    for (const { owner } of this.#peers.all) owner.sendArrivalsAway();
    return this.#leaving.handOver(withinMs);
  }

  /**
   * Moves a room of this node to another one. Clients whose sockets are elsewhere keep their connections; the others are closed
   * with 1012 and resume.
   * @returns false if the room cannot move: it is not durable and has no `@State()`, or a turn does not end
   */
  async move(room: Room, successor: string): Promise<boolean> {
    const { node, registry, clock } = this.parts;
    const leaving = new LeavingRooms({ node, registry, clock, call: (...call) => this.call(...call) });
    const left = await leaving.moveTo(successor, room);
    for (const client of left ?? []) client.endNow(CloseCode.serviceRestart, 'the room has moved');
    return left !== undefined;
  }

  /** The room of a client here has moved. */
  moved(note: MovedNote, seat: number, channel: EdgeChannel | undefined): void {
    const own = this.parts.node.incarnation;
    try {
      if (note.successor !== own) {
        const { edge } = this.#with(note.successor);
        if (channel === undefined) edge.tellGone(seat, note);
        else edge.adopt(channel, note);
      } else if (channel === undefined) this.#arriving.goneHere(own, note, seat);
      else if (!this.#arriving.followHere(own, note, seat, channel)) throw new Error('nobody waits for it');
    } catch {
      channel?.closeHere(CloseCode.serviceRestart, 'the room has moved');
    }
  }

  /**
   * Sends the clients away whose rooms are on other nodes: they resume elsewhere. Resolves when their sockets have closed, or
   * after `graceMs`, when they are cut.
   */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    for (const { owner } of this.#peers.all) owner.sendArrivalsAway();
    const channels = this.#peers.all.flatMap(({ edge }) => edge.channels);
    await sendAway(channels, graceMs, this.parts.clock);
  }

  up(): void {}

  received(link: PeerLink, message: Buffer): void {
    try {
      this.#peers.received(link, message);
    } catch (error) {
      const { message: what, stack } = describeError(error);
      logger.error(`A message of node ${link.peer} could not be handled: ${what}`, stack);
      link.cut('a message could not be handled');
    }
  }

  /** What rooms have said may leave only while the rooms are surely this node's. */
  flushing(link: PeerLink): boolean {
    const { owner, edge } = this.#peers.of(link);
    owner.sendGathered();
    edge.sendGathered();
    const { permit } = this.parts.node;
    if (!owner.hasSpoken || permit.mayRun()) return true;
    permit.whenAgain(link.flush);
    return false;
  }

  drained(link: PeerLink): void {
    this.#peers.drained(link);
  }

  down(link: PeerLink, reason: string): void {
    this.#arriving.down(link.peer);
    this.#peers.down(link, reason);
  }

  foreign(peer: string, version: number): void {
    logger.warn(
      `Node ${peer} speaks version ${version} of the links between nodes, and this node version ${PROTOCOL}: they do not reach each other's rooms until both are deployed with the same version.`,
    );
  }

  roomLost(key: RoomKey): void {
    const room = this.#roomOf(key);
    if (room === undefined) return;
    this.parts.node.counts.roomsLost++;
    room.end.lose(CloseCode.serviceRestart, 'the room has moved');
  }

  leaseLost(): void {
    for (const room of this.parts.registry.unstopped()) {
      this.parts.node.counts.roomsLost++;
      room.end.lose(CloseCode.tryAgainLater, 'the cluster does not answer');
    }
  }

  #roomOf({ service, key }: RoomKey): Room | undefined {
    const definition = this.#definitions.get(service);
    return definition && this.parts.registry.unstoppedAt(definition, key);
  }

  #with(incarnation: string): Parts {
    return this.#peers.of(this.parts.node.linkTo(incarnation));
  }
}
