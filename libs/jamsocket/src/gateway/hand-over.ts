import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SocketHandOver } from '../cluster/socket-hand-over.js';
import { upgradeRequest } from '../members/upgrade-request.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { Attempt } from './attempt.js';

/** Handles an upgrade request. */
type HandleUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;

/**
 * Gives upgrade requests to the process on this machine that has the room, before anything else is asked: its guards see the
 * request, and it completes the handshake. What the client says from then on passes no other process. So do requests for a room
 * that is just beginning there.
 */
export class HandOver {
  /** Sockets of other processes. They stay here, even if their room has moved meanwhile. */
  readonly #taken = new WeakSet<Duplex>();
  #node: string | undefined;

  constructor(
    private readonly sockets: SocketHandOver,
    private readonly incarnation: () => string | undefined,
    private readonly rooms: { isTaken(definition: RoomDefinition, key: string): boolean },
    /** The node for a room that no node has; `undefined` for this one. */
    private readonly nodeForNew: (definition: RoomDefinition) => Promise<string | undefined> | undefined,
  ) {}

  /** Another process has counted this request already. */
  hasTaken(socket: Duplex): boolean {
    return this.#taken.has(socket);
  }

  /** Whether the room may be in another process, which could take this socket. */
  canGive(socket: Duplex, definition: RoomDefinition, key: string): boolean {
    return !this.rooms.isTaken(definition, key) && !this.#taken.has(socket) && this.sockets.canGive(socket);
  }

  /** @returns whether the request has gone to another process */
  async give(attempt: Attempt, definition: RoomDefinition, key: string): Promise<boolean> {
    const own = this.incarnation();
    if (own === undefined) return false;
    const forNew = (await this.nodeForNew(definition)) ?? own;
    const target = await this.sockets.targetOf({ service: definition.service, key }, forNew);
    const { request, socket, head } = attempt;
    attempt.isPlaced = target === own;
    if (target === undefined || target === own || attempt.isOver || !this.sockets.canGive(socket)) return false;
    attempt.isOver = true;
    this.sockets.give(target, socket, { url: request.url ?? '/', rawHeaders: request.rawHeaders, head });
    return true;
  }

  /** Takes requests of other processes from now on. Never rejects. */
  async open(handle: HandleUpgrade): Promise<void> {
    this.#node = this.incarnation();
    if (this.#node === undefined) return;
    await this.sockets.open(this.#node, (socket, { url, rawHeaders, head }) => {
      this.#taken.add(socket);
      handle(upgradeRequest(socket, url, rawHeaders), socket, head);
    });
  }

  close(): void {
    if (this.#node !== undefined) this.sockets.close(this.#node);
    this.#node = undefined;
  }
}
