import { CloseCode } from '../../base/protocol.js';
import { RefusedError } from '../../base/errors.js';
import type { ClusterNode } from '../../cluster/cluster-node.js';
import type { EdgeChannel } from '../../edge/edge-channel.js';
import type { EdgePart, RoomMoves } from '../../edge/edge-part.js';
import type { Client } from '../../members/client.js';
import type { CallHandler } from '../../peers/calls.js';
import type { MovedNote, OfferedRoom } from '../../peers/moving.js';
import type { Room } from '../../room/room.js';
import type { RoomKey } from '../../store/room-store.js';
import { ArrivingRooms, type ArrivalSite } from './arriving-rooms.js';
import { LeavingRooms, type LeavingNode } from './leaving-rooms.js';

/** What moves of rooms need of their node. */
export interface MovingSite extends ArrivalSite, LeavingNode {
  readonly node: ClusterNode;
  /** The clients here of rooms on another node. @throws RefusedError `node_unavailable`, `cluster_unavailable` */
  edgeTo(incarnation: string): EdgePart;
}

/** The rooms that move from this node or to it, and the clients here whose rooms move. */
export class MovingRooms implements RoomMoves {
  /** This node shuts down: it takes no rooms any more. */
  isDraining = false;
  readonly arriving: ArrivingRooms;

  constructor(private readonly site: MovingSite) {
    this.arriving = new ArrivingRooms(site);
  }

  /** The answers of this node to other nodes that hand rooms over. */
  get answers(): readonly (readonly [method: string, handler: CallHandler])[] {
    return [
      ['offered', (offer: OfferedRoom, from) => this.#offered(offer, from)],
      ['granted', (room: RoomKey, from) => this.arriving.granted(room, from)],
    ];
  }

  /**
   * Hands rooms over to other nodes, at most for that time.
   * @returns clients of these rooms whose sockets are here: they are to be closed
   */
  handOver(withinMs: number): Promise<readonly Client[]> {
    return new LeavingRooms(this.site).handOver(withinMs);
  }

  /** Moves a room to another node. Clients whose sockets are here are closed with 1012. @returns false if it cannot move */
  async move(room: Room, successor: string): Promise<boolean> {
    const left = await new LeavingRooms(this.site).moveTo(successor, room);
    for (const client of left ?? []) client.endNow(CloseCode.serviceRestart, 'the room has moved');
    return left !== undefined;
  }

  moved(note: MovedNote, seat: number, channel: EdgeChannel | undefined): void {
    try {
      if (note.successor === this.site.node.incarnation) this.#movedHere(note, seat, channel);
      else this.#movedOn(note, seat, channel);
    } catch {
      channel?.closeHere(CloseCode.serviceRestart, 'the room has moved');
    }
  }

  #offered(offer: OfferedRoom, from: string): void {
    if (this.isDraining) throw new RefusedError(503, 'draining', 'This node shuts down, too.');
    this.arriving.offered(offer, from);
  }

  #movedOn(note: MovedNote, seat: number, channel: EdgeChannel | undefined): void {
    const edge = this.site.edgeTo(note.successor);
    if (channel === undefined) edge.tellGone(seat, note);
    else edge.adopt(channel, note);
  }

  #movedHere(note: MovedNote, seat: number, channel: EdgeChannel | undefined): void {
    const { arriving } = this;
    const own = note.successor;
    if (channel === undefined) arriving.goneHere(own, note, seat);
    else if (!arriving.followHere(own, note, seat, channel)) throw new Error('nobody waits for it');
  }
}
