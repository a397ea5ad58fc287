import type { JamsocketClock } from '../base/sources.js';
import { WaitingEvent } from '../base/waiting-event.js';

/** Whose events these are. */
export interface MailboxOwner<E> {
  /** Handles one event. */
  takeTurn(event: E): void | Promise<void>;
  /** A turn failed in a way its owner has not dealt with; `undefined` if it was no event's turn. The mailbox goes on. */
  turnThrew(event: E | undefined, error: unknown): void;
  /** The event's turn is over: it was handled, or took too long. Called once for each event, before the next turn. */
  turnEnded(event: E): void;
  /** A turn took longer than these milliseconds and goes on on its own. */
  turnTimedOut(event: E, ms: number): void;
  /** What waits has shrunk to half the limits. */
  mailboxDrained(): void;
}

/** What there is to know of events that wait. */
export interface EventKeeping<E> {
  /** Bytes of its payload. */
  bytesOf(event: E): number;
  /** The event as it may wait for long. */
  compacted(event: E): E;
}

export interface MailboxLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Handled events are cut off the front of the queue when there are this many, so that a never empty queue stays small. */
const COMPACT_AT = 1024;

/**
 * A room's turns: one event at a time, in the order they came; the next starts when the handler has returned and
 * its promise has settled. An event that finds the room idle is handled at once, without a queue or a microtask. One
 * that has to wait is handled in the async context it was posted in. Whatever its owner throws, the next event has its
 * turn.
 */
export class Mailbox<E> {
  /** Number of the turn that is under way, or comes next. */
  turn = 0;
  /** Starts closed: the room is not there yet. */
  #isBusy = true;
  #queue: WaitingEvent<E>[] = [];
  #head = 0;
  #bytes = 0;
  #wasFull = false;
  /** Gives up the turn that is waited for. */
  #expire: (() => void) | null = null;
  /** Runs while a turn is waited for. */
  #turnTimer: NodeJS.Timeout | null = null;
  /** Milliseconds that the turn that is waited for may take. */
  #turnMs = 0;
  #overdueTurns = 0;
  /** Set by a shutdown: when everything has to be over, on the clock. */
  #deadline = Infinity;

  constructor(
    private readonly owner: MailboxOwner<E>,
    private readonly limits: MailboxLimits,
    private readonly clock: JamsocketClock,
    private readonly turnTimeoutMs: number,
    private readonly keeping: EventKeeping<E>,
  ) {}

  /** The room is there: what has come in the meantime is handled now. */
  open(): void {
    this.#next();
  }

  get isIdle(): boolean {
    return !this.#isBusy;
  }

  /** Events that have not had their turn yet. */
  get waitingEvents(): number {
    return this.#queue.length - this.#head;
  }

  get isFull(): boolean {
    return this.waitingEvents >= this.limits.maxEvents || this.#bytes >= this.limits.maxBytes;
  }

  /** Begins the turn of what is no event yet. @returns whether the room was idle; if not, it has to be posted */
  begin(): boolean {
    if (this.#isBusy) return false;
    this.#isBusy = true;
    return true;
  }

  /** That turn is over. */
  end(): void {
    this.#next();
  }

  /** That turn has thrown. */
  fail(event: E, error: unknown): void {
    this.#report(event, error);
    this.#ended(event);
    this.#next();
  }

  /** The turn goes on as this promise; then the next one begins. */
  wait(turn: Promise<void>, event: E): void {
    void this.#withinTimeout(turn, event).then(() => {
      this.#ended(event);
      this.#next();
    });
  }

  /** @returns whether the mailbox is full now: whoever fills it should send no more */
  post(event: E): boolean {
    if (!this.#isBusy) {
      this.#isBusy = true;
      if (this.#run(event)) this.#next();
      return false;
    }
    return this.postWaiting(new WaitingEvent(this.keeping.compacted(event)));
  }

  /** Posts what has waited elsewhere, while the room is not idle. @returns whether the mailbox is full now */
  postWaiting(waiting: WaitingEvent<E>): boolean {
    this.#push(waiting);
    if (!this.isFull) return false;
    this.#wasFull = true;
    return true;
  }

  /** Milliseconds that a turn may take; in a hurry an equal share of the time that is left, so that others have theirs. */
  get turnLimitMs(): number {
    if (this.#deadline === Infinity) return this.turnTimeoutMs;
    const share = (this.#deadline - this.clock.now()) / (this.waitingEvents + 2);
    return Math.max(1, Math.min(this.turnTimeoutMs, share));
  }

  /** Turns that took too long go on on their own. */
  get hasOverdueTurn(): boolean {
    return this.#overdueTurns > 0;
  }

  /**
   * A shutdown does not wait for what waits: everything has to be over by `deadline`, and every turn that is left gets its
   * time, whatever those before it do. @returns the events that are given up
   */
  hurry(deadline: number, isGivenUp: (event: E) => boolean): E[] {
    const waiting = this.#takeWaiting();
    for (const kept of waiting) if (!isGivenUp(kept.event)) this.#push(kept);
    this.#deadline = deadline;
    if (this.#expire !== null) this.#startTimer();
    return waiting.map(({ event }) => event).filter(isGivenUp);
  }

  /** Gives up the turn that is under way, and gives away the events that wait: the room will not handle them. */
  abandon(): E[] {
    this.#stopTimer();
    return this.#takeWaiting().map(({ event }) => event);
  }

  /** Runs the turns of what waits, until one of them has to be waited for. */
  #next(): void {
    for (;;) {
      this.turn++;
      const waiting = this.#shift();
      if (waiting === undefined) {
        this.#isBusy = false;
        return;
      }
      if (!this.#runWaiting(waiting)) return;
    }
  }

  /** A method of its own: with the closure in it, the loop would allocate for every message, also for those that do not wait. */
  #runWaiting(waiting: WaitingEvent<E>): boolean {
    return waiting.runInAsyncScope(() => this.#run(waiting.event));
  }

  /** @returns whether the turn is over already */
  #run(event: E): boolean {
    try {
      const turn = this.owner.takeTurn(event);
      if (turn !== undefined) {
        this.wait(turn, event);
        return false;
      }
    } catch (error) {
      this.#report(event, error);
    }
    this.#ended(event);
    return true;
  }

  #withinTimeout(turn: Promise<void>, event: E): Promise<void> {
    return new Promise((resolve) => {
      let isOverdue = false;
      const expire = () => {
        isOverdue = true;
        this.#overdueTurns++;
        this.#turnTimer = this.#expire = null;
        try {
          this.owner.turnTimedOut(event, this.#turnMs);
        } catch (error) {
          this.#report(event, error);
        }
        resolve();
      };
      this.#expire = expire;
      this.#startTimer();
      const end = () => {
        if (isOverdue) this.#overdueTurns--;
        else if (this.#expire === expire) this.#stopTimer();
        resolve();
      };
      turn.then(end, (error) => {
        this.#report(event, error);
        end();
      });
    });
  }

  #ended(event: E): void {
    try {
      this.owner.turnEnded(event);
    } catch (error) {
      this.#report(event, error);
    }
  }

  #report(event: E | undefined, error: unknown): void {
    try {
      this.owner.turnThrew(event, error);
    } catch {
      // Nothing is left to try, and the room has to go on.
    }
  }

  #startTimer(): void {
    if (this.#turnTimer !== null) this.clock.clearTimeout(this.#turnTimer);
    this.#turnMs = this.turnLimitMs;
    this.#turnTimer = this.clock.setTimeout(this.#expire!, this.#turnMs);
  }

  #stopTimer(): void {
    if (this.#turnTimer !== null) this.clock.clearTimeout(this.#turnTimer);
    this.#turnTimer = this.#expire = null;
  }

  #push(waiting: WaitingEvent<E>): void {
    this.#queue.push(waiting);
    this.#bytes += this.keeping.bytesOf(waiting.event);
  }

  #takeWaiting(): WaitingEvent<E>[] {
    const waiting = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
    return waiting;
  }

  #shift(): WaitingEvent<E> | undefined {
    if (this.#head === this.#queue.length) return undefined;
    const waiting = this.#queue[this.#head];
    this.#queue[this.#head++] = undefined as never;
    this.#bytes -= this.keeping.bytesOf(waiting.event);
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    } else if (this.#head > COMPACT_AT) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    if (this.#wasFull && this.waitingEvents <= this.limits.maxEvents / 2 && this.#bytes <= this.limits.maxBytes / 2) {
      this.#wasFull = false;
      this.#tellDrained();
    }
    return waiting;
  }

  #tellDrained(): void {
    try {
      this.owner.mailboxDrained();
    } catch (error) {
      this.#report(undefined, error);
    }
  }
}
