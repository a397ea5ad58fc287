import type { JamsocketClock } from '../base/sources.js';
import { WaitingEvent } from '../base/waiting-event.js';

/** What a mailbox calls. */
export interface MailboxOwner<E> {
  /** Handles one event. */
  takeTurn(event: E): void | Promise<void>;
  /** A turn threw. `event` is `undefined` if `mailboxDrained` threw. The mailbox goes on. */
  turnThrew(event: E | undefined, error: unknown): void;
  /** The event's turn is over: handled, or timed out. Called once per event, before the next turn. */
  turnEnded(event: E): void;
  /** A turn took longer than `ms` milliseconds. Its handler may still be running; the mailbox does not wait for it. */
  turnTimedOut(event: E, ms: number): void;
  /** After the mailbox was full, the waiting events have shrunk to half the limits. */
  mailboxDrained(): void;
}

/** How events are kept while they wait. */
export interface EventKeeping<E> {
  /** Bytes of the event's payload. */
  bytesOf(event: E): number;
  /** The event without references to memory it does not need, since it may wait for long. */
  compacted(event: E): E;
}

export interface MailboxLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Cut this many handled events off the front of the queue, so that a queue that is never empty stays small. */
const COMPACT_AT = 1024;

/**
 * Runs a room's turns: one event at a time, in order of arrival. The next turn starts when the handler has returned and
 * its promise has settled. If the room is idle, an event is handled at once, without a queue or a microtask. An event
 * that waits is handled in the async context it was posted in. Errors of the owner do not stop the next turn.
 */
export class Mailbox<E> {
  /** Number of the present turn; between turns, of the next one. */
  turn = 0;
  /** Busy until `open` is called: the room is still starting. */
  #isBusy = true;
  #queue: WaitingEvent<E>[] = [];
  #head = 0;
  #bytes = 0;
  #wasFull = false;
  /** Ends the present turn without waiting for its promise. */
  #expire: (() => void) | null = null;
  /** The timeout of the present turn. */
  #turnTimer: NodeJS.Timeout | null = null;
  /** Milliseconds that the present turn may take. */
  #turnMs = 0;
  #overdueTurns = 0;
  /** Time of the clock at which the last turn must be over. Set by a shutdown. */
  #deadline = Infinity;

  constructor(
    private readonly owner: MailboxOwner<E>,
    private readonly limits: MailboxLimits,
    private readonly clock: JamsocketClock,
    private readonly turnTimeoutMs: number,
    private readonly keeping: EventKeeping<E>,
  ) {}

  /** The room has started: handles the events that came in the meantime. */
  open(): void {
    this.#next();
  }

  get isIdle(): boolean {
    return !this.#isBusy;
  }

  /** Number of waiting events. */
  get waitingEvents(): number {
    return this.#queue.length - this.#head;
  }

  get isFull(): boolean {
    return this.waitingEvents >= this.limits.maxEvents || this.#bytes >= this.limits.maxBytes;
  }

  /** Starts a turn without allocating an event. @returns false if the room was busy: post an event instead */
  begin(): boolean {
    if (this.#isBusy) return false;
    this.#isBusy = true;
    return true;
  }

  /** Ends the turn that `begin` started. */
  end(): void {
    this.#next();
  }

  /** Ends the turn that `begin` started with an error. */
  fail(event: E, error: unknown): void {
    this.#report(event, error);
    this.#ended(event);
    this.#next();
  }

  /** The present turn ends when this promise settles or the turn times out; then the next one begins. */
  wait(turn: Promise<void>, event: E): void {
    void this.#withinTimeout(turn, event).then(() => {
      this.#ended(event);
      this.#next();
    });
  }

  /** @returns whether the mailbox is full now: then stop reading from the sender */
  post(event: E): boolean {
    if (!this.#isBusy) {
      this.#isBusy = true;
      if (this.#run(event)) this.#next();
      return false;
    }
    return this.postWaiting(new WaitingEvent(this.keeping.compacted(event)));
  }

  /** Posts an event that has waited elsewhere. Only while the room is busy. @returns whether the mailbox is full now */
  postWaiting(waiting: WaitingEvent<E>): boolean {
    this.#push(waiting);
    if (!this.isFull) return false;
    this.#wasFull = true;
    return true;
  }

  /** Milliseconds that a turn may take. After `hurry` it is an equal share of the time that is left. */
  get turnLimitMs(): number {
    if (this.#deadline === Infinity) return this.turnTimeoutMs;
    const share = (this.#deadline - this.clock.now()) / (this.waitingEvents + 2);
    return Math.max(1, Math.min(this.turnTimeoutMs, share));
  }

  /** Whether the handler of a turn that timed out is still running. */
  get hasOverdueTurn(): boolean {
    return this.#overdueTurns > 0;
  }

  /**
   * For a shutdown: discards waiting events that `isGivenUp` selects. The remaining turns share the time until `deadline`,
   * so that a slow one does not use up the time of the others.
   * @returns the discarded events
   */
  hurry(deadline: number, isGivenUp: (event: E) => boolean): E[] {
    const waiting = this.#takeWaiting();
    for (const kept of waiting) if (!isGivenUp(kept.event)) this.#push(kept);
    this.#deadline = deadline;
    if (this.#expire !== null) this.#startTimer();
    return waiting.map(({ event }) => event).filter(isGivenUp);
  }

  /** Stops waiting for the present turn. @returns the waiting events, which the room will not handle */
  abandon(): E[] {
    this.#stopTimer();
    return this.#takeWaiting().map(({ event }) => event);
  }

  /** Runs the turns of waiting events until one of them is asynchronous. */
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

  /** Not inlined: with this closure in it, the loop would allocate for every message, even if none waits. */
  #runWaiting(waiting: WaitingEvent<E>): boolean {
    return waiting.runInAsyncScope(() => this.#run(waiting.event));
  }

  /** @returns whether the turn is over; if not, its promise is waited for */
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
      // Even reporting failed. Ignored, so that the next turn runs.
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
