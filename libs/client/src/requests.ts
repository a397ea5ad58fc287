import { JamsocketError, type Exception } from './errors.js';
import type { EventMessage } from './event-message.js';

export interface RequestOptions {
  /** Milliseconds from the call on; the room's `requestTimeoutMs` unless given. */
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
  reject(error: JamsocketError): void;
}

/** Ids of requests begin with this, so that an `id` an application has in its own messages is never taken for one. */
const OWN = '~';

/** Requests that wait for their replies. */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  #last = 0;

  /** Rejects with a JamsocketError. What the time runs out for before it was sent will not be sent. */
  async make(transport: Transport, { timeoutMs, signal }: RequestOptions): Promise<unknown> {
    const id = `${OWN}${++this.#last}`;
    if (signal?.aborted) throw aborted();
    transport.send(id);
    const giveUp = (error: JamsocketError) => {
      transport.withdraw(id);
      this.#take(id)?.reject(error);
    };
    const onAbort = () => giveUp(aborted());
    const timer = setTimeout(() => giveUp(new JamsocketError('timeout', `No reply within ${timeoutMs} ms`)), timeoutMs);
    signal?.addEventListener('abort', onAbort);
    try {
      return await new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** @returns whether it was the reply to a request, be it one that nobody waits for any more */
  settle({ event, data, id }: EventMessage): boolean {
    if (typeof id !== 'string' || !id.startsWith(OWN)) return false;
    const pending = this.#take(id);
    if (event === 'exception') pending?.reject(exceptionError(data as Exception));
    else pending?.resolve(data);
    return true;
  }

  rejectAll(error: JamsocketError, except?: ReadonlySet<string | undefined>): void {
    for (const id of this.#pending.keys()) if (!except?.has(id)) this.#take(id)!.reject(error);
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}

function aborted(): JamsocketError {
  return new JamsocketError('aborted', 'Request aborted');
}

function exceptionError(exception: Exception | undefined): JamsocketError {
  const { message, issues } = exception ?? {};
  const text = typeof message === 'string' ? message : JSON.stringify(message ?? 'exception');
  return new JamsocketError('exception', text, issues, exception);
}
