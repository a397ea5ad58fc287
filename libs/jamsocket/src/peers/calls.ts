import { serialize } from 'node:v8';
import { deserializeOwned } from '../base/deserialize-owned.js';
import { RefusedError } from '../base/errors.js';
import type { JamsocketClock } from '../base/sources.js';
import type { PeerLink } from '../cluster/links/peer-link.js';
import { bodyOf, CALL, kindOf, messageOf, numberOf } from './messages.js';
import type { PeerPart } from './peer.js';
import { decodeError, encodeError } from './remote-error.js';

/** Answers the calls of other nodes. @returns a value that can be cloned */
export type CallHandler = (args: any, from: string) => unknown;

interface Pending {
  readonly timer: NodeJS.Timeout | undefined;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Calls to one other node, and the answers to its calls. */
export class PeerCalls implements PeerPart {
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(
    private readonly link: PeerLink,
    private readonly handlers: ReadonlyMap<string, CallHandler>,
    private readonly clock: JamsocketClock,
  ) {}

  /**
   * @param withinMs default: as long as the node is there
   * @throws the error of the other node, as it was; RefusedError `node_unavailable` without an answer within `withinMs`, or if
   * the link ends: the call may have been carried out then
   */
  call(method: string, args: unknown, withinMs?: number): Promise<unknown> {
    const number = (this.#last = (this.#last + 1) >>> 0);
    const message = messageOf(CALL.request, number, serialize([method, args]));
    return new Promise((resolve, reject) => {
      const late = () => this.#take(number)?.reject(noAnswer(this.link.peer));
      const timer = withinMs === undefined ? undefined : this.clock.setTimeout(late, withinMs);
      this.#pending.set(number, { timer, resolve, reject });
      this.link.send(message);
    });
  }

  received(message: Buffer): void {
    const number = numberOf(message);
    const kind = kindOf(message);
    if (kind === CALL.request) return void this.#answer(number, bodyOf(message));
    const pending = this.#take(number);
    if (kind === CALL.response) pending?.resolve(deserializeOwned(bodyOf(message)));
    else pending?.reject(decodeError(bodyOf(message)));
  }

  down(): void {
    for (const number of [...this.#pending.keys()]) this.#take(number)!.reject(noAnswer(this.link.peer));
  }

  async #answer(number: number, body: Buffer): Promise<void> {
    let answer: Buffer;
    try {
      const [method, args] = deserializeOwned(body) as [string, unknown];
      const handler = this.handlers.get(method);
      if (handler === undefined)
        throw new RefusedError(
          503,
          'node_unavailable',
          `This node does not know the call "${method}": it has another version.`,
        );
      answer = messageOf(CALL.response, number, serialize(await handler(args, this.link.peer)));
    } catch (error) {
      answer = messageOf(CALL.failure, number, encodeError(error));
    }
    this.link.send(answer);
  }

  #take(number: number): Pending | undefined {
    const pending = this.#pending.get(number);
    if (pending === undefined) return undefined;
    this.#pending.delete(number);
    if (pending.timer !== undefined) this.clock.clearTimeout(pending.timer);
    return pending;
  }
}

function noAnswer(node: string): RefusedError {
  return new RefusedError(503, 'node_unavailable', `Node ${node} has not answered.`, { 'Retry-After': '1' });
}
