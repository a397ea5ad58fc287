import type { Frame } from '../wire/frame.js';
import type { MovedNote } from '../peers/moving.js';

/** The node that has the sockets of clients in rooms of this one. */
export interface EdgeNode {
  /** Its incarnation. */
  readonly name: string;
  /** Sends a message in order; if this node may not run its rooms at the end of the tick, as soon as it may again. */
  send(message: Buffer): void;
  /** Sends a message to all clients of a room there. */
  broadcast(mirror: number, frame: Frame): void;
  /** Milliseconds on the clock. */
  now(): number;
  /** When its last messages arrived: milliseconds on the clock. Reading the clock for each message would cost too much. */
  readonly heardAt: number;
  /** A number for what the edge has of a room. */
  nextMirror(): number;
  /** The client has followed its room to another node. */
  moved(channel: number, note: MovedNote): void;
  /** The link's end has been told: the edge may use its channel again. */
  forget(channel: number): void;
}
