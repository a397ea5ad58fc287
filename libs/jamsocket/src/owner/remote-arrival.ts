import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { RefusedError, RoomElsewhereError } from '../base/errors.js';
import { isInstance } from '../base/foreign-value.js';
import { clientOf, type SentArrival } from '../peers/arriving.js';
import { upgradeRequest } from '../members/upgrade-request.js';
import { messageOf, TO_CHANNEL } from '../peers/messages.js';
import { encodeError } from '../peers/remote-error.js';
import type { Arrival, KeptPlace, Placement, Reservation } from '../rooms/reservation.js';
import { addressOfKey } from '../rooms/room-name.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { EdgeNode } from './edge-node.js';
import { RemoteLink } from './remote-link.js';

/** A client of another node on its way into a room here. */
export class RemoteArrival {
  #reservation: Reservation | null = null;
  #isOver = false;
  /** The place it resumes. */
  #place: KeptPlace | undefined;

  constructor(
    private readonly edge: EdgeNode,
    private readonly channel: number,
    private readonly sent: SentArrival,
    private readonly opened: (link: RemoteLink) => void,
  ) {}

  /** Never rejects. */
  async enter(definition: RoomDefinition, placement: Placement): Promise<void> {
    const { sent } = this;
    try {
      const client = clientOf(sent, addressOfKey(definition, sent.key));
      const arrival: Arrival = { client, isResumable: sent.isResumable, resume: sent.resume, isPlaced: true };
      const place = sent.resume && placement.placeKept(definition, sent.key, sent.resume);
      // The client has given up its earlier attempt, which would take over the place if it finished later.
      place?.attempt?.supersede();
      if (place !== undefined) place.attempt = this;
      this.#place = place;
      const reservation = await placement.reserve(definition, arrival);
      if (this.#isOver) return reservation.release();
      this.#reservation = reservation;
      if (!sent.waits) return await this.join();
      await reservation.admit(requestOf(sent));
      this.#tell(TO_CHANNEL.admitted);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Never rejects. */
  async join(): Promise<void> {
    const reservation = this.#reservation;
    if (reservation === null || this.#isOver) return;
    try {
      const hasJoined = await reservation.join((sink) => {
        if (this.#isOver) return undefined;
        this.#leavePlace();
        this.#isOver = true;
        this.#tell(TO_CHANNEL.joined);
        const link = new RemoteLink(this.edge, this.channel, sink);
        this.opened(link);
        return link;
      });
      if (!hasJoined) this.#again();
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** The client has connected again meanwhile. */
  supersede(): void {
    this.#refuse(new RefusedError(408, 'superseded', 'The same client has connected again meanwhile.'));
  }

  /** The client does not come. */
  abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leavePlace();
    this.#reservation?.release();
  }

  #refuse(error: unknown): void {
    if (this.#isOver) return;
    const isMoving =
      isInstance(error, RoomElsewhereError) || (isInstance(error, RefusedError) && error.code === 'draining');
    if (isMoving) return this.#again();
    this.abandon();
    this.edge.send(messageOf(TO_CHANNEL.refused, this.channel, encodeError(error)));
    this.edge.forget(this.channel);
  }

  /** The client looks for the room again: this node shuts down. */
  sendAway(): void {
    this.#again();
  }

  #again(): void {
    if (this.#isOver) return;
    this.abandon();
    this.#tell(TO_CHANNEL.again);
    this.edge.forget(this.channel);
  }

  #leavePlace(): void {
    if (this.#place?.attempt === this) this.#place.attempt = null;
    this.#place = undefined;
  }

  #tell(kind: number): void {
    this.edge.send(messageOf(kind, this.channel));
  }
}

/** The upgrade request, for guards that are written for HTTP. */
function requestOf({ url, ip, rawHeaders }: SentArrival): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: ip });
  return upgradeRequest(socket, url, rawHeaders);
}
