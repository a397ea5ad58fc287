import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import { CloseCode, type Lost } from '../base/protocol.js';
import { isAnotherUser } from '../members/client-auth.js';
import type { Resumable, ResumeRequest } from '../members/resumption.js';
import type { Room } from '../room/room.js';
import { joinRoom, rejoinRoom } from '../room/joining.js';
import type { Arrival, OpenLink, Reservation } from './reservation.js';

/** A reservation in a room of this process. */
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
      // The room may have begun to stop while the guards ran.
      if (room.state !== 'running') return false;
      if (arrival.client.auth !== null) room.auth.require(arrival.client);
      const found = arrival.resume && this.#findPlace(arrival.resume);
      // If the resume failed, the earlier client has left, and the room may have stopped with it.
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
    if (link !== undefined) rejoinRoom(this.room, resumable, link, client, resume!.token);
  }

  /** The client to resume, or why that failed. Then the earlier client leaves, and the arrival joins as a new one. */
  #findPlace(resume: ResumeRequest): Resumable | { readonly lost: Lost } {
    const { members, occupancy, definition, address } = this.room;
    // A client that broke the protocol has left, though the end of its socket may be some seconds away.
    const holder = members.holderOf(resume);
    const connection = holder?.connection;
    if (connection?.hasFailed) connection.terminate('broke the protocol');
    const isTheirs = holder !== undefined && isAnotherUser(holder, this.arrival.client);
    const found = isTheirs ? ({ lost: 'unknown', client: holder } as const) : members.find(resume);
    if ('missed' in found) return found;
    // Its place was not kept, so the limit counts it as a new client.
    if (found.client === undefined && occupancy.size > definition.options.limits.maxClientsPerRoom)
      throw new RefusedError(503, 'room_full', `Room "${address.key}" is full.`);
    const why = isTheirs ? 'came back as another user' : 'missed too much';
    found.client?.end(CloseCode.tryAgainLater, why);
    // No limit counts the old connection: cut it now, since the client could delay its end.
    connection?.terminate(why);
    return found;
  }
}
