import type { Connection } from '../wire/connection.js';
import type { ServiceDefinition } from '../discovery/definitions.js';
import type { Client } from '../members/client.js';
import type { Resumable, ResumeRequest } from '../members/resumption.js';
import type { RoomRegistry } from '../rooms/room-registry.js';
import { localRoom, type Room } from '../room/room.js';
import type { Session } from '../members/session.js';
import { CloseCode } from '../base/protocol.js';
import type { Attempt } from './attempt.js';
import { RefusedError } from '../base/errors.js';
import { checkOrigin } from './origin.js';
import type { SocketFactory } from './socket-factory.js';
import { checkSubprotocols, offersProtocol, resumeRequestOf } from './subprotocol.js';

/**
 * One client's way from the upgrade request to its seat: origin, guards, room, socket. Each step goes on with the next
 * at once if it has nothing to wait for.
 */
export class Seating {
  readonly #timeoutMs: number;
  /** A client whose connection was lost wants to go on. */
  readonly #resume: ResumeRequest | undefined;
  /** What it comes back to. */
  readonly #session: Session | null;

  constructor(
    private readonly attempt: Attempt,
    private readonly definition: ServiceDefinition,
    private readonly client: Client,
    private readonly registry: RoomRegistry,
    private readonly sockets: SocketFactory,
    private readonly trustProxy: number,
  ) {
    this.#timeoutMs = definition.options.limits.handshakeTimeoutMs;
    client.isResumable = offersProtocol(attempt.request);
    this.#resume = client.isResumable ? resumeRequestOf(attempt.request) : undefined;
    this.#session = this.#holderOfPlace()?.session ?? null;
  }

  /** The client has a place in the room already. */
  get isForPlaceKept(): boolean {
    return this.#session !== null;
  }

  /** @throws RefusedError, and whatever a guard throws */
  begin(): void | Promise<void> {
    const { attempt } = this;
    const session = this.#session;
    // Whoever dials anew has given up its earlier attempt, which would take the place over if it came in later.
    session?.attempt?.supersede();
    const seated = this.#checkOrigin();
    if (session === null || seated === undefined) return seated;
    session.attempt = attempt;
    return seated.finally(() => {
      if (session.attempt === attempt) session.attempt = null;
    });
  }

  #checkOrigin(): void | Promise<void> {
    const { attempt, definition } = this;
    const originCheck = checkOrigin(attempt.request, definition.options.origins, this.trustProxy);
    return attempt.after(originCheck, this.#timeoutMs, () => this.#askGuards());
  }

  /** Guards that belong to the application come before the room: a stranger makes no rooms. */
  #askGuards(): void | Promise<void> {
    const { attempt, definition, client } = this;
    checkSubprotocols(attempt.request, definition.options.subprotocols);
    const admission = definition.guardsNeedRoom() ? undefined : definition.admit(client, null, null, attempt.request);
    return attempt.after(admission, this.#timeoutMs, () => this.#reserve());
  }

  #reserve(): void | Promise<void> {
    if (this.#isGone) return;
    const room = this.#reservePlaceKept() ?? this.registry.reserve(this.definition, this.client.address);
    return this.attempt.after(room, this.#timeoutMs, (reserved) => this.#askRoomsGuards(reserved), giveBack);
  }

  /** A client that comes back has its place already: a room that is full is not full for it. */
  #reservePlaceKept(): Room | undefined {
    const port = this.#holderOfPlace()?.room;
    if (port == null) return undefined;
    const room = localRoom(port);
    room.requireStore();
    return room.reserve() ? room : undefined;
  }

  #holderOfPlace(): Client | undefined {
    if (this.#resume === undefined) return undefined;
    return this.registry.get(this.definition, this.client.address.key)?.members.holderOf(this.#resume);
  }

  #askRoomsGuards(room: Room): void | Promise<void> {
    return this.definition.guardsNeedRoom() ? this.#sitIfAdmitted(room) : this.#sit(room);
  }

  /** Whatever the guards say, the reservation is given back. */
  async #sitIfAdmitted(room: Room): Promise<void> {
    const { attempt, definition, client } = this;
    try {
      const admission = definition.admit(client, room.instance, room.context, attempt.request);
      await attempt.after(admission, this.#timeoutMs, () => undefined);
    } catch (error) {
      giveBack(room);
      throw error;
    }
    return this.#sit(room);
  }

  #sit(room: Room): void | Promise<void> {
    const { attempt, client } = this;
    try {
      // It may have begun to stop while the guards were at work: then its successor is asked.
      if (room.state !== 'running') return this.#reserve();
      if (this.#isGone) return;
      const resumable = this.#resume && this.#findPlace(room, this.#resume);
      // What is left of a client that begins anew may have ended the room by leaving it.
      if (room.state !== 'running') return this.#reserve();
      attempt.isOver = true;
      if (resumable === undefined) this.#open(client, (connection) => room.join(client, connection));
      else {
        this.#open(resumable.client, (connection) =>
          room.resume(resumable, connection, client.request, this.#resume!.token),
        );
      }
    } finally {
      giveBack(room);
    }
  }

  /** The place of the client that comes back. If it cannot go on, it begins anew, and what is left of it leaves. */
  #findPlace(room: Room, resume: ResumeRequest): Resumable | undefined {
    // Whoever broke the protocol has left, though the end of its socket may be some seconds away.
    const { connection } = room.members.holderOf(resume) ?? {};
    if (connection?.hasFailed) connection.terminate('broke the protocol');
    const found = room.members.find(resume);
    if ('missed' in found) return found;
    this.client.lost = found.lost;
    // Its place was not kept, so it is one more.
    if (found.client === undefined && room.occupancy.size > this.definition.options.limits.maxClientsPerRoom)
      throw new RefusedError(503, 'room_full', `Room "${room.address.key}" is full.`);
    found.client?.end(CloseCode.tryAgainLater, 'missed too much');
    // No limit counts what it came back from: that must not wait for an end that the client may put off.
    connection?.terminate('missed too much');
    return undefined;
  }

  #open(client: Client, joined: (connection: Connection) => void): void {
    const { request, socket, head } = this.attempt;
    this.sockets.open(request, socket, head, client, joined);
  }

  get #isGone(): boolean {
    return this.attempt.isOver || this.attempt.socket.destroyed;
  }
}

function giveBack(room: Room): void {
  room.occupancy.release();
}
