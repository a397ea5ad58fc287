import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { inspect } from 'node:util';
import { TestTimeoutError } from './testing.errors.js';

/** A string for a text message, a Buffer for a binary one. */
export type Message = string | Buffer;

/** Characters of a message in an error; longer messages are cut. */
const SHOWN_CHARACTERS = 200;

/** The messages that a client has received, and which of them the test has not read yet. */
export class MessageQueue {
  readonly received: Message[] = [];
  #unread: Message[] = [];
  readonly #waiting = new Set<() => void>();
  #ending: string | undefined;

  /** @param hint returns text to append to the error if the wait fails */
  constructor(
    private readonly patienceMs: number,
    private readonly hint: () => string,
  ) {}

  /** @param isRead whether the message is only listed as received */
  add(message: Message, isRead = false): void {
    this.received.push(message);
    if (isRead) return;
    this.#unread.push(message);
    this.#wake();
  }

  /** No more messages will come: pending waits fail with this reason. */
  end(why: string): void {
    this.#ending = why;
    this.#wake();
  }

  takeAll(): Message[] {
    return this.#unread.splice(0);
  }

  /**
   * Returns the first unread message that is `wanted` and marks it as read. Waits for it if necessary.
   * @throws TestTimeoutError
   */
  async take(wanted: (message: Message) => boolean, what: string): Promise<Message> {
    const deadline = performance.now() + this.patienceMs;
    for (;;) {
      const at = this.#unread.findIndex(wanted);
      if (at >= 0) return this.#unread.splice(at, 1)[0];
      const left = deadline - performance.now();
      if (this.#ending !== undefined) throw this.#inVain(`${what}: ${this.#ending}`);
      if (left <= 0) throw this.#inVain(`${what} within ${this.patienceMs} ms`);
      await this.#change(left);
    }
  }

  #inVain(what: string): TestTimeoutError {
    const shown = this.received.map((message) => inspect(message, { maxStringLength: SHOWN_CHARACTERS }));
    const all = shown.length === 0 ? 'nothing' : `[${shown.join(', ')}]`;
    const unread = this.#unread.length === 0 ? '' : `, ${this.#unread.length} of them unread`;
    return new TestTimeoutError(`No ${what}. Received so far: ${all}${unread}.${this.hint()}`);
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
