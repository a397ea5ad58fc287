import { RefusedError } from '../../base/errors.js';
import type { JamsocketClock } from '../../base/sources.js';
import type { EdgeChannel } from '../../edge/edge-channel.js';
import type { Client } from '../../members/client.js';
import type { RemoteLink } from '../../owner/remote-link.js';
import type { Followers } from '../../owner/owner-part.js';
import { requestOf } from '../../peers/arriving.js';
import type { FollowNote, MovedNote, OfferedRoom } from '../../peers/moving.js';
import { addressOfKey } from '../../rooms/room-name.js';
import type { RoomRegistry } from '../../rooms/room-registry.js';
import type { RoomDefinition } from '../../room/room-definition.js';
import type { RoomKey } from '../../store/room-store.js';
import { ArrivingRoom } from './arriving-room.js';
import { nameOfRoom } from '../../store/name-of-room.js';

/** What arriving rooms need of their node. */
export interface ArrivalSite {
  readonly registry: RoomRegistry;
  readonly definitions: ReadonlyMap<string, RoomDefinition>;
  readonly clock: JamsocketClock;
}

/**
 * The rooms that other nodes hand over to this one. A node first offers a room, then makes this node its owner in the directory,
 * then grants it. Whoever asks for the room meanwhile waits.
 */
export class ArrivingRooms implements Followers {
  readonly #rooms = new Map<string, ArrivingRoom>();

  constructor(private readonly site: ArrivalSite) {
    site.registry.handedOver = (room) => this.#rooms.get(nameOfRoom(room));
  }

  /** @throws RefusedError if this node does not take the room */
  offered(offer: OfferedRoom, from: string): void {
    const { definitions, clock, registry } = this.site;
    const definition = definitions.get(offer.service);
    if (definition === undefined)
      throw new RefusedError(404, 'no_such_service', `This node has no service "${offer.service}".`);
    if (registry.isTaken(definition, offer.key))
      throw new RefusedError(409, 'room_exists', `This node has a room "${offer.key}" already.`);
    const name = nameOfRoom(offer);
    const room = new ArrivingRoom(offer, from, clock, {
      find: () => registry.unstoppedAt(definition, offer.key),
      over: () => {
        if (this.#rooms.get(name) === room) this.#rooms.delete(name);
      },
    });
    this.#rooms.get(name)?.cancel();
    this.#rooms.set(name, room);
  }

  /** This node is the room's owner now. Resolves when clients can follow. @throws the error of the room */
  async granted({ service, key }: RoomKey, from: string): Promise<void> {
    const room = this.#rooms.get(nameOfRoom({ service, key }));
    if (room === undefined || room.from !== from) throw new RefusedError(404, 'no_such_room', 'The offer is over.');
    const definition = this.site.definitions.get(service)!;
    room.grant();
    this.site.registry
      .takeOver(definition, addressOfKey(definition, key), room.offer.isUnjoined)
      .catch((error: unknown) => room.failed(error));
    await room.isReady;
  }

  /** The link with the node has ended: what it has not granted stays there. */
  down(from: string): void {
    for (const room of this.#rooms.values()) if (room.from === from) room.cancel();
  }

  follow(edge: string, note: FollowNote, open: (client: Client) => RemoteLink): boolean {
    const { arrival, seat } = note;
    const room = this.#rooms.get(nameOfRoom(note));
    if (room === undefined) return false;
    if (arrival === undefined) return room.gone(edge, seat);
    return room.follow(edge, seat, requestOf(arrival), open);
  }

  /** A client whose socket is here. */
  followHere(edge: string, note: MovedNote, seat: number, channel: EdgeChannel): boolean {
    const room = this.#rooms.get(nameOfRoom(note));
    const released = room?.isAwaitedAt(edge, seat) === true ? channel.release() : undefined;
    if (released === undefined) return false;
    const { connection, request } = released;
    room!.follow(edge, seat, request, (client) => {
      connection.handTo!(client);
      return connection;
    });
    connection.resume();
    return true;
  }

  goneHere(edge: string, note: MovedNote, seat: number): void {
    this.#rooms.get(nameOfRoom(note))?.gone(edge, seat);
  }
}
