import type { AddressCounts } from '../base/limits/address-counts.js';
import { RoomElsewhereError } from '../base/errors.js';
import { isInstance } from '../base/foreign-value.js';
import type { JamsocketClock } from '../base/sources.js';
import type { ClusterNode } from '../cluster/cluster-node.js';
import type { Arrival, KeptPlace, Placement, Reservation } from '../rooms/reservation.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { EdgePart } from './edge-part.js';
import { RemoteAttempts } from './remote-attempts.js';
import { RemoteReservation } from './remote-reservation.js';

/** Places clients in rooms of this node, or of the node that owns the room. */
export class ClusterPlacement implements Placement {
  readonly #attempts = new RemoteAttempts();

  constructor(
    private readonly local: Placement,
    /** The rooms of this node. */
    private readonly rooms: { isTaken(definition: RoomDefinition, key: string): boolean },
    private readonly node: Pick<ClusterNode, 'incarnation' | 'locate'>,
    /** This node as the edge of another one. @throws RefusedError `cluster_unavailable` */
    private readonly edgeOf: (owner: string) => EdgePart,
    private readonly clock: JamsocketClock,
    /** The node for a room that no node has; `undefined` for this one. */
    private readonly nodeForNew: (definition: RoomDefinition) => Promise<string | undefined> | undefined = () =>
      undefined,
  ) {}

  get placesKept(): AddressCounts {
    return this.local.placesKept;
  }

  placeKept(definition: RoomDefinition, arrival: Arrival): KeptPlace | undefined {
    const kept = this.local.placeKept(definition, arrival);
    if (kept !== undefined || arrival.resume === undefined) return kept;
    return this.#attempts.placeOf(arrival.resume.token);
  }

  reserve(definition: RoomDefinition, arrival: Arrival): Reservation | Promise<Reservation> {
    const { key } = arrival.client.address;
    if (!this.rooms.isTaken(definition, key)) return this.#find(definition, arrival);
    const reserved = this.local.reserve(definition, arrival);
    return reserved instanceof Promise ? this.#orElsewhere(reserved, definition, arrival) : reserved;
  }

  async #find(definition: RoomDefinition, arrival: Arrival): Promise<Reservation> {
    const { service } = definition;
    const owner =
      (await this.node.locate({ service, key: arrival.client.address.key })) ??
      (arrival.isPlaced ? undefined : await this.nodeForNew(definition));
    if (owner !== undefined && owner !== this.node.incarnation) return this.#at(owner, definition, arrival);
    return this.#orElsewhere(async () => this.local.reserve(definition, arrival), definition, arrival);
  }

  /** Another node may have claimed the room meanwhile. */
  async #orElsewhere(
    reserved: Promise<Reservation> | (() => Promise<Reservation>),
    definition: RoomDefinition,
    arrival: Arrival,
  ): Promise<Reservation> {
    try {
      return await (typeof reserved === 'function' ? reserved() : reserved);
    } catch (error) {
      if (isInstance(error, RoomElsewhereError)) return this.#at(error.owner, definition, arrival);
      throw error;
    }
  }

  #at(owner: string, definition: RoomDefinition, arrival: Arrival): Reservation {
    return new RemoteReservation(this.edgeOf(owner).open(definition, arrival), this.clock);
  }
}
