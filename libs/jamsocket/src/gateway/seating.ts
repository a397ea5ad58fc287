import type { ServiceDefinition } from '../discovery/definitions.js';
import type { Client } from '../room/client.js';
import type { RoomRegistry } from '../room/room-registry.js';
import type { Room } from '../room/room.js';
import type { Attempt } from './attempt.js';
import { checkOrigin } from './origin.js';
import type { SocketFactory } from './socket-factory.js';

/**
 * One client's way from the upgrade request to its seat: origin, guards, room, socket. Each step goes on with the next
 * at once if it has nothing to wait for.
 */
export class Seating {
  readonly #timeoutMs: number;

  constructor(
    private readonly attempt: Attempt,
    private readonly definition: ServiceDefinition,
    private readonly client: Client,
    private readonly registry: RoomRegistry,
    private readonly sockets: SocketFactory,
  ) {
    this.#timeoutMs = definition.options.limits.handshakeTimeoutMs;
  }

  /** @throws RefusedError, and whatever a guard throws */
  begin(): void | Promise<void> {
    const { attempt, definition } = this;
    const originCheck = checkOrigin(attempt.request, definition.options.origins);
    return attempt.after(originCheck, this.#timeoutMs, () => this.#askGuards());
  }

  /** Guards that belong to the application come before the room: a stranger makes no rooms. */
  #askGuards(): void | Promise<void> {
    const { attempt, definition, client } = this;
    const admission = definition.guardsNeedRoom() ? undefined : definition.admit(client, null, null);
    return attempt.after(admission, this.#timeoutMs, () => this.#reserve());
  }

  #reserve(): void | Promise<void> {
    if (this.#isGone) return;
    const room = this.registry.reserve(this.definition, this.client.address);
    return this.attempt.after(room, this.#timeoutMs, (reserved) => this.#askRoomsGuards(reserved), giveBack);
  }

  #askRoomsGuards(room: Room): void | Promise<void> {
    return this.definition.guardsNeedRoom() ? this.#sitIfAdmitted(room) : this.#sit(room);
  }

  /** Whatever the guards say, the reservation is given back. */
  async #sitIfAdmitted(room: Room): Promise<void> {
    const { attempt, definition, client } = this;
    try {
      await attempt.after(definition.admit(client, room.instance, room.context), this.#timeoutMs, () => undefined);
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
      attempt.isOver = true;
      this.sockets.open(attempt.request, attempt.socket, attempt.head, client, (connection) =>
        room.join(client, connection),
      );
    } finally {
      giveBack(room);
    }
  }

  get #isGone(): boolean {
    return this.attempt.isOver || this.attempt.socket.destroyed;
  }
}

function giveBack(room: Room): void {
  room.occupancy.release();
}
