import { serialize } from 'node:v8';
import { deserializeOwned } from '../base/deserialize-owned.js';
import type { TransientRecord } from '../durable/transient-record.js';
import type { RoomKey } from '../store/room-store.js';
import type { SentArrival } from './arriving.js';

/** Version of what nodes say to each other about a room that moves. A node of another version gets no rooms. */
export const MOVING_VERSION = 1;

/** A client that keeps its connection while its room moves. */
export interface Seat {
  /** The client's id. */
  readonly id: number;
  /** The node that has its socket, and the number of its channel between that node and the one that the room leaves. */
  readonly edge: string;
  readonly channel: number;
  /** It speaks `jamsocket.v1` and knows data frames that are not counted. */
  readonly takesUncounted: boolean;
  /** The value of its presence as JSON. */
  readonly presence: string | undefined;
}

/** A room as a node that leaves offers it to its successor. */
export interface OfferedRoom extends RoomKey {
  readonly seats: readonly Seat[];
  /** `undefined` if the room is in the store. */
  readonly record: TransientRecord | undefined;
  /** It was created by code and waits for its first client. */
  readonly isUnjoined: boolean;
}

/** Where the room of a client is now. */
export interface MovedNote extends RoomKey {
  readonly successor: string;
}

/** A client that follows its room. */
export interface FollowNote extends RoomKey {
  /** Number of its channel between this edge and the node that the room has left. */
  readonly seat: number;
  /** Its request; `undefined` if its connection has ended meanwhile. */
  readonly arrival: Pick<SentArrival, 'url' | 'ip' | 'rawHeaders' | 'findings'> | undefined;
}

export function encodeNote(note: MovedNote | FollowNote): Buffer {
  return serialize(note);
}

export function decodeNote<Note extends MovedNote | FollowNote>(bytes: Buffer): Note {
  return deserializeOwned(bytes) as Note;
}
