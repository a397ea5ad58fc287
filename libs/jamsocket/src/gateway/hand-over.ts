import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SocketHandOver } from '../cluster/socket-hand-over.js';
import { upgradeRequest } from '../members/upgrade-request.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { RoomKey } from '../store/room-store.js';
import type { Attempt } from './attempt.js';

/** Handles an upgrade request. */
type HandleUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;

/** The node of this process. */
interface NamedNode {
  readonly incarnation: string | undefined;
  locate(room: RoomKey): Promise<string | undefined>;
}

/**
 * Gives upgrade requests to the process on this machine that has the room, before anything else is asked: its guards see the
 * request, and it completes the handshake. What the client says from then on passes no other process. So do requests for a room
 * that is just beginning there.
 */
export class HandOver {
  /** Sockets of other processes. They stay here, even if their room has moved meanwhile. */
  readonly #taken = new WeakSet<Duplex>();
  /** The name under which it takes sockets. */
  #name: string | undefined;

  #handle: HandleUpgrade | undefined;

  constructor(
    private readonly sockets: SocketHandOver,
    private readonly node: NamedNode,
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
    const own = this.node.incarnation;
    if (own === undefined) return false;
    const room = { service: definition.service, key };
    const owner = this.sockets.needsOwner ? ((await this.node.locate(room)) ?? null) : undefined;
    if (owner === own) return false;
    const forNew = (owner ? undefined : await this.nodeForNew(definition)) ?? own;
    const target = await this.sockets.targetOf(room, forNew, owner);
    const { request, socket, head } = attempt;
    attempt.isPlaced = target === own;
    if (target === undefined || target === own || attempt.isOver || !this.sockets.canGive(socket)) return false;
    attempt.isOver = true;
    const upgrade = { url: request.url ?? '/', rawHeaders: request.rawHeaders, head };
    this.sockets.give({ node: target, room, from: own }, socket, upgrade);
    return true;
  }

  /** Takes requests of other processes from now on. Never rejects. */
  open(handle: HandleUpgrade): Promise<void> {
    this.#handle = handle;
    return this.renamed();
  }

  /** The node has another name than before, or its first one. */
  async renamed(): Promise<void> {
    const handle = this.#handle;
    const { incarnation } = this.node;
    if (handle === undefined || incarnation === undefined || incarnation === this.#name) return;
    if (this.#name !== undefined) this.sockets.close(this.#name);
    this.#name = incarnation;
    await this.sockets.open(incarnation, (socket, { url, rawHeaders, head }) => {
      this.#taken.add(socket);
      handle(upgradeRequest(socket, url, rawHeaders), socket, head);
    });
  }

  close(): void {
    this.#handle = undefined;
    if (this.#name !== undefined) this.sockets.close(this.#name);
    this.#name = undefined;
  }
}
