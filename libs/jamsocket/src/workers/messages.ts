import type { DirectoryErrorCode } from '../cluster/directory-error.js';
import type { Socket } from 'node:net';
import type { Directory } from '../cluster/directory.js';
import type { RoomKey } from '../store/room-store.js';

/** The calls of a `Directory` that a worker sends to the primary. */
export type DirectoryCall = Exclude<keyof Directory, 'close' | 'onNodeEnded'>;

/** The calls of `SharedCounts`. */
export type CountsCall = 'add' | 'remove' | 'take';

/** `target`: the node that a client's socket goes to. */
export type PrimaryCall = DirectoryCall | 'target' | CountsCall;

/** A socket on its way to another worker. */
export type Gift = Extract<ToPrimary, { jamsocket: 'give' }>;

export type Ask = Extract<ToPrimary, { jamsocket: 'ask' }>;

/** Messages of a worker to the primary. The application may send others on the same channel. */
export type ToPrimary =
  | { readonly jamsocket: 'ask'; readonly id: number; readonly call: PrimaryCall; readonly arg?: unknown }
  /** The application has started. */
  | { readonly jamsocket: 'ready' }
  /** The application could not start. */
  | { readonly jamsocket: 'failed'; readonly reason: string }
  | { readonly jamsocket: 'reload' }
  /** The node of this worker in a cluster that has others, too. */
  | { readonly jamsocket: 'node'; readonly node: string }
  /** A node takes sockets, or does not any more. */
  | { readonly jamsocket: 'takes'; readonly node: string; readonly isTaking: boolean }
  /** Comes with a socket. It comes back to the node `from` if no other node takes it. */
  | ({ readonly jamsocket: 'give'; readonly from: string; readonly target?: TargetQuestion } & SentUpgrade)
  /** Sockets of `give` have arrived. */
  | { readonly jamsocket: 'taken'; readonly ids: readonly number[] };

/** Messages of the primary to a worker. */
export type ToWorker =
  | Answer
  /** The node of another worker has ended. */
  | { readonly jamsocket: 'ended'; readonly incarnation: string }
  /** The nodes of all workers in a cluster that has others, too. */
  | { readonly jamsocket: 'nodes'; readonly nodes: readonly string[] }
  /** Comes with a socket. */
  | ({ readonly jamsocket: 'give'; readonly id: number } & SentUpgrade)
  /** Shut down. */
  | { readonly jamsocket: 'stop' };

/** An upgrade request whose socket goes to another worker. */
export interface SentUpgrade {
  /** The node that takes it. */
  readonly node: string;
  readonly url: string;
  readonly rawHeaders: string[];
  /** What was read after it, in base64. */
  readonly head: string;
}

/** What `target` asks. */
export interface TargetQuestion {
  readonly room: RoomKey;
  /** The node for the room, if no node has it. */
  readonly forNew: string;
  /** The node that has the room, `null` if none has it. Missing if the primary has the directory. */
  readonly owner?: string | null;
}

/** What `take` asks for. */
export interface TakeRate {
  readonly key: string;
  readonly limit: { readonly rate: number; readonly burst: number };
}

export interface Answer {
  readonly jamsocket: 'answer';
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: DirectoryErrorCode; readonly message: string };
}

/** What a worker knows of its channel to the primary. */
export interface Channel {
  /** Resolves when the message is on its way. @throws Error if the primary is gone */
  send(message: ToPrimary): Promise<void>;
  /** `socket` comes with `give`, unless its client has closed it. @returns a function that removes the listener */
  listen(listener: (message: ToWorker, socket?: Socket) => void): () => void;
}

/** Whether a message of the process channel is one of ours. */
export function isOurs(message: unknown): message is ToPrimary | ToWorker {
  return typeof message === 'object' && message !== null && 'jamsocket' in message;
}
