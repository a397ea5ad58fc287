import type { JamsocketClock } from '../base/sources.js';
import type { RunPermit } from '../cluster/run-permit.js';
import { EventQueue, type EventKeeping, type MailboxLimits } from './event-queue.js';
import { tellError, type MailboxOwner } from './mailbox-owner.js';
import { TurnTimeout } from './turn-timeout.js';
import { WaitingEvent } from './waiting-event.js';

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
  #wasFull = false;
  readonly #waiting: EventQueue<E>;
  /** Made for the first turn that is asynchronous: most rooms are idle. */
  #timeout: TurnTimeout<E> | null = null;

  constructor(
    private readonly owner: MailboxOwner<E>,
    limits: MailboxLimits,
    private readonly clock: JamsocketClock,
    private readonly turnTimeoutMs: number,
    private readonly keeping: EventKeeping<E>,
    /** `null` without a cluster. */
    private readonly permit: RunPermit | null = null,
  ) {
    this.#waiting = new EventQueue(limits, keeping);
  }

  /** The room has started: handles the events that came in the meantime. */
  open(): void {
    this.#next();
  }

  get isIdle(): boolean {
    return !this.#isBusy;
  }

  /** Number of waiting events. */
  get waitingEvents(): number {
    return this.#waiting.length;
  }

  /** The events that wait. */
  get waiting(): readonly E[] {
    return this.#waiting.events;
  }

  get isFull(): boolean {
    return this.#waiting.isFull;
  }

  /** Starts a turn without allocating an event. @returns false if the room was busy: post an event instead */
  begin(): boolean {
    if (this.#isBusy || (this.permit !== null && !this.permit.mayRun())) return false;
    this.#isBusy = true;
    return true;
  }

  /** Ends the turn that `begin` started. */
  end(): void {
    this.#next();
  }

  /** Ends the turn that `begin` started with an error. */
  fail(event: E, error: unknown): void {
    tellError(this.owner, event, error);
    this.#ended(event);
    this.#next();
  }

  /** The present turn ends when this promise settles or the turn times out; then the next one begins. */
  wait(turn: Promise<void>, event: E): void {
    void this.#timeouts.ended(turn, event).then(() => {
      this.#ended(event);
      this.#next();
    });
  }

  /** @returns whether the mailbox is full now: then stop reading from the sender */
  post(event: E): boolean {
    if (!this.#isBusy) {
      this.#isBusy = true;
      if (this.permit === null || this.permit.mayRun()) {
        if (this.#run(event)) this.#next();
        return false;
      }
      this.#halt(this.permit);
    }
    return this.postWaiting(new WaitingEvent(this.keeping.compacted(event)));
  }

  /** Posts an event that has waited elsewhere. Only while the room is busy. @returns whether the mailbox is full now */
  postWaiting(waiting: WaitingEvent<E>): boolean {
    this.#waiting.push(waiting);
    if (!this.#waiting.isFull) return false;
    this.#wasFull = true;
    return true;
  }

  /** Milliseconds that a turn may take. After `hurry` it is an equal share of the time that is left. */
  get turnLimitMs(): number {
    return this.#timeout?.limitMs ?? this.turnTimeoutMs;
  }

  /** Whether the handler of a turn that timed out is still running. */
  get hasOverdueTurn(): boolean {
    return this.#timeout !== null && this.#timeout.hasOverdueTurn;
  }

  /**
   * For a shutdown: discards waiting events that `isDiscarded` selects. The remaining turns share the time until `deadline`.
   * @returns the discarded events
   */
  hurry(deadline: number, isDiscarded: (event: E) => boolean): E[] {
    const waiting = this.#waiting.takeAll();
    for (const kept of waiting) if (!isDiscarded(kept.event)) this.#waiting.push(kept);
    this.#timeouts.hurry(deadline);
    return waiting.map(({ event }) => event).filter(isDiscarded);
  }

  /** Stops waiting for the present turn. @returns the waiting events, which the room will not handle */
  abandon(): E[] {
    this.#timeout?.stop();
    return this.#waiting.takeAll().map(({ event }) => event);
  }

  /** Runs the turns of waiting events until one of them is asynchronous. */
  #next(): void {
    for (;;) {
      this.turn++;
      if (this.permit !== null && this.#waiting.length > 0 && !this.permit.mayRun()) return this.#halt(this.permit);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) {
        this.#isBusy = false;
        return;
      }
      if (this.#wasFull && this.#waiting.isHalfEmpty) this.#tellDrained();
      if (!this.#runWaiting(waiting)) return;
    }
  }

  /** The room stays busy until the node may run again. */
  #halt(permit: RunPermit): void {
    permit.whenAgain(() => this.#next());
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
      tellError(this.owner, event, error);
    }
    this.#ended(event);
    return true;
  }

  get #timeouts(): TurnTimeout<E> {
    return (this.#timeout ??= new TurnTimeout(this.owner, this.#waiting, this.clock, this.turnTimeoutMs));
  }

  #ended(event: E): void {
    try {
      this.owner.turnEnded(event);
    } catch (error) {
      tellError(this.owner, event, error);
    }
  }

  #tellDrained(): void {
    this.#wasFull = false;
    try {
      this.owner.mailboxDrained();
    } catch (error) {
      tellError(this.owner, undefined, error);
    }
  }
}
