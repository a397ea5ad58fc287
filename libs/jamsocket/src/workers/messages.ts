import type { DirectoryErrorCode } from '../cluster/directory-error.js';
import type { Directory } from '../cluster/directory.js';

/** The calls of a `Directory` that a worker sends to the primary. */
export type DirectoryCall = Exclude<keyof Directory, 'close' | 'onNodeEnded'>;

/** Messages of a worker to the primary. The application may send others on the same channel. */
export type ToPrimary =
  | { readonly jamsocket: 'ask'; readonly id: number; readonly call: DirectoryCall; readonly arg?: unknown }
  /** The application has started. */
  | { readonly jamsocket: 'ready' }
  /** The application could not start. */
  | { readonly jamsocket: 'failed'; readonly reason: string }
  | { readonly jamsocket: 'reload' };

/** Messages of the primary to a worker. */
export type ToWorker =
  | Answer
  /** The node of another worker has ended. */
  | { readonly jamsocket: 'ended'; readonly incarnation: string }
  /** Shut down. */
  | { readonly jamsocket: 'stop' };

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
  /** @returns a function that removes the listener */
  listen(listener: (message: ToWorker) => void): () => void;
}

/** Whether a message of the process channel is one of ours. */
export function isOurs(message: unknown): message is ToPrimary | ToWorker {
  return typeof message === 'object' && message !== null && 'jamsocket' in message;
}
