import type { ServiceDefinition } from '../discovery/definitions.js';
import type { Client } from '../members/client.js';
import type { Link } from '../outbox/link.js';
import type { Arrival, KeptPlace, Placement, Reservation } from '../rooms/reservation.js';
import type { ConnectionSink } from '../wire/connection-sink.js';
import type { Attempt } from './attempt.js';
import { checkOrigin } from './origin.js';
import type { SocketFactory } from './socket-factory.js';
import { checkSubprotocols, offersProtocol, resumeRequestOf } from './subprotocol.js';

/**
 * One client's way from the upgrade request into its room: origin, guards, room, socket. A step that has nothing to wait
 * for calls the next one at once.
 */
export class Admission {
  readonly #timeoutMs: number;
  readonly #arrival: Arrival;
  /** The place that the client's resume asks for, if it is still kept. */
  readonly #place: KeptPlace | undefined;

  constructor(
    private readonly attempt: Attempt,
    private readonly definition: ServiceDefinition,
    client: Client,
    private readonly placement: Placement,
    private readonly sockets: SocketFactory,
    private readonly trustProxy: number,
  ) {
    const { request } = attempt;
    this.#timeoutMs = definition.options.limits.handshakeTimeoutMs;
    const isResumable = offersProtocol(request);
    const resume = isResumable ? resumeRequestOf(request) : undefined;
    this.#arrival = { client, isResumable, resume, isPlaced: attempt.isPlaced };
    this.#place = resume && placement.placeKept(definition, client.address.key, resume);
  }

  /** Whether the room has kept a place for the client, which resumes. A function asks the node that has the room. */
  get isForPlaceKept(): boolean | (() => Promise<boolean>) {
    return this.#place?.isKeptThere ?? this.#place !== undefined;
  }

  /** @throws RefusedError, and whatever a guard throws */
  begin(): void | Promise<void> {
    const { attempt } = this;
    const place = this.#place;
    // The client has given up its earlier attempt, which would take over the place if it finished later.
    place?.attempt?.supersede();
    const admitted = this.#checkOrigin();
    if (place === undefined || admitted === undefined) return admitted;
    place.attempt = attempt;
    return admitted.finally(() => {
      if (place.attempt === attempt) place.attempt = null;
    });
  }

  #checkOrigin(): void | Promise<void> {
    const { attempt, definition } = this;
    const originCheck = checkOrigin(attempt.request, definition.options.origins, this.trustProxy);
    return attempt.after(originCheck, this.#timeoutMs, () => this.#askGuards());
  }

  /** Guards that all rooms share run before the room is made, so that strangers make no rooms. */
  #askGuards(): void | Promise<void> {
    const { attempt, definition } = this;
    const { client } = this.#arrival;
    checkSubprotocols(attempt.request, definition.options.subprotocols);
    const admission = definition.guardsNeedRoom() ? undefined : definition.admit(client, null, null, attempt.request);
    return attempt.after(admission, this.#timeoutMs, () => this.#reserve());
  }

  #reserve(): void | Promise<void> {
    if (this.#isGone) return;
    const reserved = this.placement.reserve(this.definition, this.#arrival);
    return this.attempt.after(
      reserved,
      this.#timeoutMs,
      (reservation) => this.#askRoomsGuards(reservation),
      (reservation) => reservation.release(),
    );
  }

  #askRoomsGuards(reservation: Reservation): void | Promise<void> {
    return this.definition.guardsNeedRoom() ? this.#joinIfAdmitted(reservation) : this.#join(reservation);
  }

  /** The reservation is released whatever the guards decide. */
  async #joinIfAdmitted(reservation: Reservation): Promise<void> {
    const { attempt } = this;
    try {
      await attempt.after(reservation.admit(attempt.request), this.#timeoutMs, () => undefined);
    } catch (error) {
      reservation.release();
      throw error;
    }
    return this.#join(reservation);
  }

  #join(reservation: Reservation): void | Promise<void> {
    if (this.#isGone) return reservation.release();
    const admitted = reservation.join((sink) => this.#open(sink));
    return this.attempt.after(admitted, this.#timeoutMs, (hasJoined) => (hasJoined ? undefined : this.#reserve()));
  }

  #open(sink: ConnectionSink): Link | undefined {
    if (this.#isGone) return undefined;
    const { request, socket, head } = this.attempt;
    this.attempt.isOver = true;
    return this.sockets.open(request, socket, head, sink);
  }

  get #isGone(): boolean {
    return this.attempt.isOver || this.attempt.socket.destroyed;
  }
}
