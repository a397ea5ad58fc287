import type { JamsocketClock } from '../base/sources.js';
import { tellError, type MailboxOwner } from './mailbox-owner.js';

/** Ends asynchronous turns that take too long. Their handlers may go on; the mailbox does not wait for them. */
export class TurnTimeout<E> {
  /** Ends the present turn without waiting for its promise. */
  #expire: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Milliseconds that the present turn may take. */
  #turnMs = 0;
  #overdueTurns = 0;
  /** Time of the clock at which the last turn must be over. Set by a shutdown. */
  #deadline = Infinity;

  constructor(
    private readonly owner: MailboxOwner<E>,
    private readonly waiting: { readonly length: number },
    private readonly clock: JamsocketClock,
    private readonly timeoutMs: number,
  ) {}

  /** Milliseconds that a turn may take. After `hurry` it is an equal share of the time that is left. */
  get limitMs(): number {
    if (this.#deadline === Infinity) return this.timeoutMs;
    const share = (this.#deadline - this.clock.now()) / (this.waiting.length + 2);
    return Math.max(1, Math.min(this.timeoutMs, share));
  }

  /** Whether the handler of a turn that timed out is still running. */
  get hasOverdueTurn(): boolean {
    return this.#overdueTurns > 0;
  }

  /** Resolves when the turn's promise has settled or the turn has timed out. Tells the owner of its error. Never rejects. */
  ended(turn: Promise<void>, event: E): Promise<void> {
    return new Promise((resolve) => {
      let isOverdue = false;
      const expire = () => {
        isOverdue = true;
        this.#overdueTurns++;
        this.#timer = this.#expire = null;
        try {
          this.owner.turnTimedOut(event, this.#turnMs);
        } catch (error) {
          tellError(this.owner, event, error);
        }
        resolve();
      };
      this.#expire = expire;
      this.#start();
      const end = () => {
        if (isOverdue) this.#overdueTurns--;
        else if (this.#expire === expire) this.stop();
        resolve();
      };
      turn.then(end, (error) => {
        tellError(this.owner, event, error);
        end();
      });
    });
  }

  /** All turns share the time until `deadline`, so that a slow one does not use up the time of the others. */
  hurry(deadline: number): void {
    this.#deadline = deadline;
    if (this.#expire !== null) this.#start();
  }

  /** The present turn does not time out any more. */
  stop(): void {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = this.#expire = null;
  }

  #start(): void {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#turnMs = this.limitMs;
    this.#timer = this.clock.setTimeout(this.#expire!, this.#turnMs);
  }
}
