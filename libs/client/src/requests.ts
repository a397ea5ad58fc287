import { RoomError, type Exception } from './errors.js';
import type { EventMessage } from './event-message.js';
import { after, checkNumbers } from './timers.js';

export interface RequestOptions {
  /** Milliseconds from the call on, 0 to Infinity; the room's `requestTimeoutMs` unless given. */
  readonly timeoutMs?: number;
  /** Gives the request up when aborted. */
  readonly signal?: AbortSignal;
}

interface Transport {
  /** May throw. */
  send(id: string): void;
  withdraw(id: string): void;
}

interface Pending {
  resolve(data: unknown): void;
  reject(error: RoomError): void;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** So many ids of requests that are over are known still: what comes too late for them is no text for anybody else. */
const MAX_KNOWN = 1_000;

/** Requests that wait for their replies. */
export class Requests {
  readonly #pending = new Map<unknown, Pending>();
  readonly #over = new Set<unknown>();

  /** Rejects with a RoomError, or a TypeError for a time that is none. What the time runs out for before it was sent will not be sent. */
  async make(transport: Transport, { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: RequestOptions): Promise<unknown> {
    checkNumbers({ timeoutMs });
    const id = unguessable();
    if (signal?.aborted) throw aborted();
    transport.send(id);
    const giveUp = (error: RoomError) => {
      transport.withdraw(id);
      this.#take(id)?.reject(error);
    };
    const onAbort = () => giveUp(aborted());
    const cancel = after(timeoutMs, () => giveUp(new RoomError('timeout', `No reply within ${timeoutMs} ms`)));
    signal?.addEventListener('abort', onAbort);
    try {
      return await new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    } finally {
      cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** @returns whether it was the reply to a request, be it one that nobody waits for any more */
  settle({ event, data, id }: EventMessage): boolean {
    const pending = this.#take(id);
    if (event === 'exception') pending?.reject(exceptionError(data as Exception));
    else pending?.resolve(data);
    return this.#over.has(id);
  }

  rejectAll(error: RoomError, except?: ReadonlySet<unknown>): void {
    for (const id of this.#pending.keys()) if (!except?.has(id)) this.#take(id)!.reject(error);
  }

  #take(id: unknown): Pending | undefined {
    const pending = this.#pending.get(id);
    if (this.#pending.delete(id)) this.#over.add(id);
    const [oldest] = this.#over;
    if (this.#over.size > MAX_KNOWN) this.#over.delete(oldest);
    return pending;
  }
}

/** Others in the room, to whom it may pass on what it hears, must not guess an id from those they have seen. */
function unguessable(): string {
  return crypto.getRandomValues(new Uint32Array(4)).reduce((id, part) => id + part.toString(36), '');
}

function aborted(): RoomError {
  return new RoomError('aborted', 'Request aborted');
}

function exceptionError(exception: Exception | undefined): RoomError {
  const { message, issues } = exception ?? {};
  const text = typeof message === 'string' ? message : JSON.stringify(message ?? 'exception');
  return new RoomError('exception', text, issues, exception);
}
