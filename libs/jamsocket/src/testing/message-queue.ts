import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { inspect } from 'node:util';
import { TestTimeoutError } from './testing.errors.js';

/** A text message as a string, a binary one as a Buffer. */
export type Message = string | Buffer;

/** Longer messages are cut in error messages. */
const SHOWN_CHARACTERS = 200;

/** What a client has received and what a test has read of it. */
export class MessageQueue {
  readonly received: Message[] = [];
  #unread: Message[] = [];
  readonly #waiting = new Set<() => void>();
  #ending: string | undefined;

  /** @param hint what is added to the message of a wait in vain */
  constructor(
    private readonly patienceMs: number,
    private readonly hint: () => string,
  ) {}

  add(message: Message): void {
    this.received.push(message);
    this.#unread.push(message);
    this.#wake();
  }

  /** Nothing comes any more; who waits hears why. */
  end(why: string): void {
    this.#ending = why;
    this.#wake();
  }

  takeAll(): Message[] {
    return this.#unread.splice(0);
  }

  /**
   * The first unread message that is `wanted`, which counts as read then; it is waited for if it is not there yet.
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
