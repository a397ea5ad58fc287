import { RoomError, type Exception } from './errors.js';
import type { EventMessage } from './event-message.js';
import { after, checkNumbers } from './timers.js';

/** Options of one request. */
export interface RequestOptions {
  /** Milliseconds from the call, 0 to Infinity. Default: the room's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Aborts the request. */
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
/** Ids of finished requests that are kept, so that a late reply does not reach the `onText` listeners. */
const MAX_KNOWN = 1_000;

/** Pending requests. */
export class Requests {
  readonly #pending = new Map<unknown, Pending>();
  readonly #over = new Set<unknown>();

  /** Rejects with a RoomError, or a TypeError for an invalid time. A request that times out while it waits is not sent. */
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

  /** @returns whether it was the reply to a request, even to one that is already finished */
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

/** A room may pass ids on to other clients, which must not be able to guess the next one and forge a reply. */
function unguessable(): string {
  return crypto.getRandomValues(new Uint32Array(4)).reduce((id, part) => id + part.toString(36), '');
}

function aborted(): RoomError {
  return new RoomError('aborted', 'Request aborted');
}

function exceptionError(exception: Exception | undefined): RoomError {
  const { message, issues } = exception ?? {};
  // Other servers, such as Nest's gateways, may send another shape.
  const text = typeof message === 'string' ? message : JSON.stringify(message ?? 'exception');
  return new RoomError('exception', text, issues, exception);
}
