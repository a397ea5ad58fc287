import type { JamsocketClock } from '../base/sources.js';
import { checkedDelay } from '../base/sources.js';
import { ANSWER_PREFIX, REQUEST } from '../base/protocol.js';
import type { AnySchema } from '../decorators/contract.js';
import type { SchemaIssue } from '../decorators/standard-schema.js';

/** Options of one request to a client. */
export interface ClientRequestOptions {
  /** Milliseconds to wait for the answer, also while the client is away: 1 to 2,147,483,647. Default 10,000. */
  timeoutMs?: number;
  /** Gives up waiting when aborted. */
  signal?: AbortSignal;
  /** Validates the answer, which a client may forge. The promise resolves with the schema's output. */
  schema?: AnySchema;
}

/**
 * - `aborted`: the `signal` was aborted.
 * - `invalid`: the answer does not match the schema.
 * - `left`: the client has left the room, or the room has stopped.
 * - `refused`: the client has no handler for the request, or its handler has thrown.
 * - `timeout`: no answer in time. The client may have handled the request.
 * - `unsupported`: the client does not speak `jamsocket.v1`.
 */
export type ClientRequestErrorCode = 'aborted' | 'invalid' | 'left' | 'refused' | 'timeout' | 'unsupported';

/** Why `client.ask()` got no answer. */
export class ClientRequestError extends Error {
  constructor(
    readonly code: ClientRequestErrorCode,
    message: string,
    /** With `invalid`: what the schema found. */
    readonly issues?: readonly SchemaIssue[],
  ) {
    super(message);
    this.name = 'ClientRequestError';
  }
}

interface Answer {
  readonly id?: unknown;
  readonly data?: unknown;
  readonly error?: unknown;
}

interface Pending {
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: ClientRequestError) => void;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_ERROR_LENGTH = 200;

/** The requests to one client that wait for an answer. They outlive its connections. */
export class ClientRequests {
  readonly #pending = new Map<string, Pending>();

  constructor(
    private readonly who: string,
    private readonly clock: JamsocketClock,
    private readonly nextId: () => string,
  ) {}

  /** @param send sends the text of the request; may throw */
  async ask(
    event: string,
    data: unknown,
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal, schema }: ClientRequestOptions,
    send: (text: string) => void,
  ): Promise<unknown> {
    const delay = checkedTimeout(timeoutMs);
    if (signal?.aborted) throw this.#error('aborted', event, 'was aborted');
    const id = this.nextId();
    send(JSON.stringify({ jamsocket: REQUEST, id, event, data }));
    const answer = await this.#answerTo(id, event, delay, signal);
    return schema === undefined ? answer : this.#validated(event, answer, schema);
  }

  /** The client has sent an answer. Late and unknown ones are ignored. */
  settle(text: string): void {
    const { id, data, error } = parsed(text);
    const pending = this.#pending.get(id as string);
    if (pending === undefined) return;
    if (error === undefined) pending.resolve(data);
    else pending.reject(new ClientRequestError('refused', textOf(error).slice(0, MAX_ERROR_LENGTH)));
  }

  /** There will be no answers. */
  left(): void {
    for (const { reject } of this.#pending.values())
      reject(new ClientRequestError('left', `${this.who} has left before it answered.`));
  }

  async #answerTo(id: string, event: string, delay: number, signal: AbortSignal | undefined): Promise<unknown> {
    const { clock } = this;
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        timer = clock.setTimeout(() => reject(this.#error('timeout', event, `took longer than ${delay} ms`)), delay);
        onAbort = () => reject(this.#error('aborted', event, 'was aborted'));
        signal?.addEventListener('abort', onAbort);
      });
    } finally {
      this.#pending.delete(id);
      if (timer !== undefined) clock.clearTimeout(timer);
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    }
  }

  async #validated(event: string, answer: unknown, schema: AnySchema): Promise<unknown> {
    const result = await schema['~standard'].validate(answer);
    if (result.issues === undefined) return result.value as unknown;
    const messages = result.issues.slice(0, 5).map(({ message }) => message);
    throw this.#error('invalid', event, `got an invalid answer: ${messages.join('; ')}`, result.issues);
  }

  #error(code: ClientRequestErrorCode, event: string, what: string, issues?: readonly SchemaIssue[]) {
    return new ClientRequestError(code, `The request "${event}" to ${this.who} ${what}.`, issues);
  }
}

/** @returns whether a data frame of a client of `jamsocket.v1` answers a request */
export function isAnswer(text: string): boolean {
  return text.startsWith(ANSWER_PREFIX);
}

function parsed(text: string): Answer {
  try {
    return (JSON.parse(text) as Answer | null) ?? {};
  } catch {
    return {};
  }
}

/** @throws RangeError */
function checkedTimeout(ms: number): number {
  if (typeof ms === 'number' && ms >= 0) return checkedDelay(ms);
  throw new RangeError(`timeoutMs is ${ms}: it must be a number of milliseconds.`);
}

/** A client sends any JSON. An object may have a `toString` that is no function. */
function textOf(error: unknown): string {
  return typeof error === 'string' ? error : JSON.stringify(error);
}
