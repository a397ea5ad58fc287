import type { JamsocketClock } from '../base/sources.js';
import type { ClusterNode } from '../cluster/cluster-node.js';
import type { SocketHandOver } from '../cluster/socket-hand-over.js';
import { ClusterPlacement } from '../edge/cluster-placement.js';
import { EdgePart, type EdgeServices } from '../edge/edge-part.js';
import type { Client } from '../members/client.js';
import { OwnerPart } from '../owner/owner-part.js';
import { PeerCalls, type CallHandler } from '../peers/calls.js';
import { MOVING_VERSION } from '../peers/moving.js';
import type { RoomCalls } from '../rooms/room-calls.js';
import type { UserCalls } from '../rooms/user-calls.js';
import type { Room } from '../room/room.js';
import { ClusterUserCalls } from './cluster-user-calls.js';
import { ClusterRoomCalls } from './cluster-room-calls.js';
import { leastLoaded } from './least-loaded.js';
import { MovingRooms } from './moving/moving-rooms.js';
import { NodeEvents, type PeerNode } from './node-events.js';
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

/** This process in the cluster: as the owner of rooms, and as the edge of clients whose rooms are on other nodes. */
export class ThisNode {
  readonly placement: Placement;
  /** Calls rooms wherever they are. */
  readonly calls: RoomCalls;
  /** Finds users in whatever rooms they are. */
  readonly users: UserCalls;
  /** Address of this node's inspector, which other nodes link to. */
  inspector: string | undefined;
  readonly #definitions: ReadonlyMap<string, RoomDefinition>;
  readonly #moving: MovingRooms;
  readonly #answers: Map<string, CallHandler>;
  readonly #peers: Peers<PeerNode>;

  constructor(private readonly parts: NodeParts) {
    const { node, registry, clock, local, localCalls, localUsers } = parts;
    const definitions = new Map(parts.definitions.map((definition) => [definition.service, definition]));
    const edgeTo = (incarnation: string) => this.#with(incarnation).edge;
    this.#definitions = definitions;
    this.#moving = new MovingRooms({
      ...{ node, registry, clock, definitions, edgeTo },
      call: (...call) => this.call(...call),
    });
    this.#answers = new Map([...this.#moving.answers, ...this.#roomAnswers()]);
    this.#peers = this.#createPeers();
    const forNew = (definition: RoomDefinition) => this.nodeForNew(definition);
    this.placement = new ClusterPlacement(local, registry, node, edgeTo, clock, this, forNew);
    this.calls = new ClusterRoomCalls(localCalls, registry, node, this, definitions);
    this.users = new ClusterUserCalls(localUsers, node, this, definitions);
    node.watch = new NodeEvents({
      ...{ node, registry, peers: this.#peers, arriving: this.#moving.arriving },
      roomOf: (key) => this.#roomOf(key),
    });
    node.info = () => this.#info();
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
    this.#beginDrain();
    return this.#moving.handOver(withinMs);
  }

  /**
   * Moves a room of this node to another one. Clients whose sockets are elsewhere keep their connections; the others are closed
   * with 1012 and resume.
   * @returns false if the room cannot move: it is not durable and has no `@State()`, or a turn does not end
   */
  move(room: Room, successor: string): Promise<boolean> {
    return this.#moving.move(room, successor);
  }

  /**
   * Sends the clients away whose rooms are on other nodes: they resume elsewhere. Resolves when their sockets have closed, or
   * after `graceMs`, when they are cut.
   */
  async drain(graceMs: number): Promise<void> {
    this.#beginDrain();
    const channels = this.#peers.all.flatMap(({ edge }) => edge.channels);
    await sendAway(channels, graceMs, this.parts.clock);
  }

  /** Clients that wait for a room of this node look for another one. */
  #beginDrain(): void {
    this.#moving.isDraining = true;
    for (const { owner } of this.#peers.all) owner.sendArrivalsAway();
  }

  #createPeers(): Peers<PeerNode> {
    const { parts } = this;
    const moving = this.#moving;
    const ownerServices = {
      get isDraining() {
        return moving.isDraining;
      },
      followers: moving.arriving,
      placement: parts.local,
      definitions: this.#definitions,
      now: () => parts.clock.now(),
    };
    return new Peers<PeerNode>((link) => ({
      owner: new OwnerPart(link, ownerServices),
      edge: new EdgePart(link, parts, moving),
      calls: new PeerCalls(link, this.#answers, parts.clock),
    }));
  }

  #roomAnswers(): Map<string, CallHandler> {
    const { node, local, localCalls, localUsers } = this.parts;
    return roomCallAnswers({
      ...{ local: localCalls, placement: local, users: localUsers, definitions: this.#definitions },
      incarnation: () => node.incarnation,
      roomOf: (key) => this.#roomOf(key),
    });
  }

  #info(): string {
    const { inspector } = this;
    const takes = this.#moving.isDraining ? 0 : MOVING_VERSION;
    return JSON.stringify({
      name: NODE_NAME,
      rooms: this.parts.registry.size,
      inspector,
      takes,
    } satisfies NodeInfo);
  }

  #roomOf({ service, key }: RoomKey): Room | undefined {
    const definition = this.#definitions.get(service);
    return definition && this.parts.registry.unstoppedAt(definition, key);
  }

  #with(incarnation: string): PeerNode {
    return this.#peers.of(this.parts.node.linkTo(incarnation));
  }
}
