import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import { CloseCode, type Lost } from '../base/protocol.js';
import type { Resumable, ResumeRequest } from '../members/resumption.js';
import type { Room } from '../room/room.js';
import { joinRoom, rejoinRoom } from '../room/joining.js';
import type { Arrival, OpenLink, Reservation } from './reservation.js';

/** In a room of this process. */
export class RoomReservation implements Reservation {
  #isOver = false;

  /** @param room has counted the reservation */
  constructor(
    private readonly room: Room,
    private readonly arrival: Arrival,
  ) {}

  admit(request: IncomingMessage): void | Promise<void> {
    const { definition, instance, context } = this.room;
    return definition.admit(this.arrival.client, instance, context, request);
  }

  join(open: OpenLink): boolean {
    const { room, arrival } = this;
    try {
      // It may have begun to stop while the guards were at work.
      if (room.state !== 'running') return false;
      const found = arrival.resume && this.#findPlace(arrival.resume);
      // What is left of a client that begins anew may have ended the room by leaving it.
      if (room.state !== 'running') return false;
      if (found !== undefined && 'missed' in found) this.#joinAgain(found, open);
      else this.#join(found?.lost, open);
      return true;
    } finally {
      this.release();
    }
  }

  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.room.occupancy.release();
  }

  #join(lost: Lost | undefined, open: OpenLink): void {
    const { client, isResumable } = this.arrival;
    const link = open(client);
    if (link !== undefined) joinRoom(this.room, client, link, isResumable, lost);
  }

  #joinAgain(resumable: Resumable, open: OpenLink): void {
    const { client, resume } = this.arrival;
    const link = open(resumable.client);
    if (link !== undefined) rejoinRoom(this.room, resumable, link, client.request, resume!.token);
  }

  /** The place of the client that comes back. If it cannot go on, it begins anew, and what is left of it leaves. */
  #findPlace(resume: ResumeRequest): Resumable | { readonly lost: Lost } {
    const { members, occupancy, definition, address } = this.room;
    // A client that broke the protocol has left, though the end of its socket may be some seconds away.
    const { connection } = members.holderOf(resume) ?? {};
    if (connection?.hasFailed) connection.terminate('broke the protocol');
    const found = members.find(resume);
    if ('missed' in found) return found;
    // Its place was not kept, so it is one more.
    if (found.client === undefined && occupancy.size > definition.options.limits.maxClientsPerRoom)
      throw new RefusedError(503, 'room_full', `Room "${address.key}" is full.`);
    found.client?.end(CloseCode.tryAgainLater, 'missed too much');
    // No limit counts the old connection: it must not wait for an end that the client may put off.
    connection?.terminate('missed too much');
    return found;
  }
}
