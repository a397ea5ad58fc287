import { DirectoryError } from '../../cluster/directory-error.js';
import type { Answer, Channel, PrimaryCall } from '../messages.js';

/** Users of one channel hear all answers, so they share the numbers. */
let last = 0;

interface Pending {
  resolve(result: never): void;
  reject(error: Error): void;
}

/** Calls of the primary, over the channel of a worker. */
export class ChannelCalls {
  readonly #pending = new Map<number, Pending>();
  readonly #unlisten: () => void;
  #isClosed = false;

  constructor(private readonly channel: Channel) {
    this.#unlisten = channel.listen((message) => {
      if (message.jamsocket === 'answer') this.#answered(message);
    });
  }

  /** @throws DirectoryError */
  ask<T>(call: PrimaryCall, arg?: unknown): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed());
    const id = ++last;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.channel.send({ jamsocket: 'ask', id, call, arg }).catch((cause: unknown) => {
        this.#pending.delete(id);
        reject(new DirectoryError('directory_failed', 'The primary does not answer.', { cause }));
      });
    });
  }

  /** Calls, and does not wait for the answer. @throws DirectoryError, Error if the primary is gone */
  async tell(call: PrimaryCall, arg: unknown): Promise<void> {
    if (this.#isClosed) throw closed();
    await this.channel.send({ jamsocket: 'ask', id: ++last, call, arg });
  }

  /** Calls that are under way reject. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unlisten();
    for (const pending of this.#pending.values()) pending.reject(closed());
    this.#pending.clear();
  }

  #answered({ id, result, error }: Answer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (error === undefined) pending.resolve(result as never);
    else pending.reject(new DirectoryError(error.code, error.message));
  }
}

function closed(): DirectoryError {
  return new DirectoryError('directory_closed', 'The directory has been closed.');
}
