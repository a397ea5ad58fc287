import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RoomKey } from '../store/room-store.js';

/** An upgrade request on its way to another process. */
export interface GivenUpgrade {
  readonly url: string;
  readonly rawHeaders: string[];
  /** What was read after the request. */
  readonly head: Buffer;
}

/** Where a socket goes. */
export interface SocketTarget {
  readonly node: string;
  readonly room: RoomKey;
  /** This node. */
  readonly from: string;
}

/** Gets a socket that another process has given. */
export type TakeSocket = (socket: Socket, upgrade: GivenUpgrade) => void;

/**
 * Gives the sockets of upgrade requests to nodes in other processes of this machine. From then on they cost nothing here.
 *
 * An implementation
 * - MUST NOT lose, double or reorder bytes of the client, whenever they arrive.
 * - MUST close a socket whose receiver ends before it has taken it, so that no client waits for nothing.
 * - MUST NOT keep the sender's server from closing.
 * - MUST name only nodes that take sockets in `targetOf`.
 */
export interface SocketHandOver {
  /** The caller has to find out which node has a room. */
  readonly needsOwner: boolean;
  /** Whether this socket can be given away. */
  canGive(socket: Duplex): socket is Socket;
  /**
   * The node that has the room, or that begins it: all clients of a new room get the same answer for a while.
   * @param forNew the node to begin the room, if no other was named before
   * @param owner the node that has the room, `null` if none has it; only if `needsOwner`
   * @returns `undefined` if the node does not take sockets
   * @throws DirectoryError
   */
  targetOf(room: RoomKey, forNew: string, owner?: string | null): string | undefined | Promise<string | undefined>;
  /**
   * The socket is gone from this process afterwards. If the room has moved since, it goes there. It comes back if no other node
   * takes it. Never throws.
   */
  give(target: SocketTarget, socket: Socket, upgrade: GivenUpgrade): void;
  /** A node in this process takes sockets from now on. Never rejects. */
  open(node: string, take: TakeSocket): Promise<void>;
  /** The node takes no more sockets. */
  close(node: string): void;
}
