import { Logger } from '@nestjs/common';
import { CloseCode } from '../base/protocol.js';
import { describeError } from '../base/foreign-value.js';
import type { ClusterNode, NodeWatch } from '../cluster/cluster-node.js';
import { PROTOCOL } from '../cluster/links/link-frame.js';
import type { PeerLink } from '../cluster/links/peer-link.js';
import type { EdgePart } from '../edge/edge-part.js';
import type { OwnerPart } from '../owner/owner-part.js';
import type { PeerCalls } from '../peers/calls.js';
import type { Peers } from '../peers/peer.js';
import type { RoomRegistry } from '../rooms/room-registry.js';
import type { Room } from '../room/room.js';
import type { RoomKey } from '../store/room-store.js';
import type { ArrivingRooms } from './moving/arriving-rooms.js';

const logger = new Logger('Jamsocket');

/** What this node and another are to each other, for as long as one link between them lasts. */
export interface PeerNode {
  readonly owner: OwnerPart;
  readonly edge: EdgePart;
  readonly calls: PeerCalls;
}

/** What events of a node reach. */
export interface EventSite {
  readonly node: ClusterNode;
  readonly registry: RoomRegistry;
  readonly peers: Peers<PeerNode>;
  readonly arriving: ArrivingRooms;
  /** The room of this node with this key, unless it has stopped. */
  roomOf(key: RoomKey): Room | undefined;
}

/** Handles what happens to this node: messages of other nodes, ends of links, and the loss of rooms and leases. */
export class NodeEvents implements NodeWatch {
  constructor(private readonly site: EventSite) {}

  up(): void {}

  received(link: PeerLink, message: Buffer): void {
    try {
      this.site.peers.received(link, message);
    } catch (error) {
      const { message: what, stack } = describeError(error);
      logger.error(`A message of node ${link.peer} could not be handled: ${what}`, stack);
      link.cut('a message could not be handled');
    }
  }

  /** What rooms have said may leave only while the rooms are surely this node's. */
  flushing(link: PeerLink): boolean {
    const { owner, edge } = this.site.peers.of(link);
    owner.sendGathered();
    edge.sendGathered();
    const { permit } = this.site.node;
    if (!owner.hasSpoken || permit.mayRun()) return true;
    permit.whenAgain(link.flush);
    return false;
  }

  drained(link: PeerLink): void {
    this.site.peers.drained(link);
  }

  down(link: PeerLink, reason: string): void {
    this.site.arriving.down(link.peer);
    this.site.peers.down(link, reason);
  }

  foreign(peer: string, version: number): void {
    logger.warn(
      `Node ${peer} speaks version ${version} of the links between nodes, and this node version ${PROTOCOL}: they do not reach each other's rooms until both are deployed with the same version.`,
    );
  }

  roomLost(key: RoomKey): void {
    const room = this.site.roomOf(key);
    if (room !== undefined) this.#lose(room, CloseCode.serviceRestart, 'the room has moved');
  }

  leaseLost(): void {
    for (const room of this.site.registry.unstopped())
      this.#lose(room, CloseCode.tryAgainLater, 'the cluster does not answer');
  }

  #lose(room: Room, code: number, reason: string): void {
    this.site.node.counts.roomsLost++;
    room.end.lose(code, reason);
  }
}
