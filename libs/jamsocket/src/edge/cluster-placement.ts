import type { AddressCounts } from '../base/limits/address-counts.js';
import { RoomElsewhereError } from '../base/errors.js';
import { isInstance } from '../base/foreign-value.js';
import type { JamsocketClock } from '../base/sources.js';
import type { ClusterNode } from '../cluster/cluster-node.js';
import type { ResumeRequest } from '../members/resumption.js';
import type { Arrival, KeptPlace, Placement, Reservation } from '../rooms/reservation.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { RoomKey } from '../store/room-store.js';
import type { EdgePart } from './edge-part.js';
import { RemoteAttempts } from './remote-attempts.js';
import { RemoteReservation } from './remote-reservation.js';

/** Milliseconds to wait for the node that has the room of a client that resumes. */
const ANSWER_MS = 2_000;

/** Whether a node keeps the place of a client that resumes. */
export interface AskedPlace extends RoomKey {
  readonly resume: ResumeRequest;
}

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
    /** Calls other nodes. */
    private readonly calls: {
      call(owner: string, method: string, args: AskedPlace, withinMs: number): Promise<unknown>;
    },
    /** The node for a room that no node has; `undefined` for this one. */
    private readonly nodeForNew: (definition: RoomDefinition) => Promise<string | undefined> | undefined = () =>
      undefined,
  ) {}

  get placesKept(): AddressCounts {
    return this.local.placesKept;
  }

  placeKept(definition: RoomDefinition, key: string, resume: ResumeRequest): KeptPlace | undefined {
    const kept = this.local.placeKept(definition, key, resume);
    if (kept !== undefined) return kept;
    return this.#attempts.placeOf(resume.token, () => this.#keepsPlace({ service: definition.service, key, resume }));
  }

  /** Asks the node that has the room. One that does not answer, or whose version does not know the question, keeps none. */
  async #keepsPlace(asked: AskedPlace): Promise<boolean> {
    try {
      const owner = await this.node.locate(asked);
      if (owner === undefined || owner === this.node.incarnation) return false;
      return (await this.calls.call(owner, 'keepsPlace', asked, ANSWER_MS)) === true;
    } catch {
      return false;
    }
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
