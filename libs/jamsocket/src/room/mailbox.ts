import type { JamsocketClock } from '../base/sources.js';
import { bytesOf, compacted, type RoomEvent } from './room-event.js';

/** Whose events these are. */
export interface MailboxOwner {
  /** Handles one event. */
  takeTurn(event: RoomEvent): void | Promise<void>;
  /** A turn failed in a way its owner has not dealt with; `undefined` if it was no event's turn. The mailbox goes on. */
  turnThrew(event: RoomEvent | undefined, error: unknown): void;
  /** A turn took longer than allowed and goes on on its own. */
  turnTimedOut(event: RoomEvent): void;
  /** What waits has shrunk to half the limits. */
  mailboxDrained(): void;
}

export interface MailboxLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Handled events are cut off the front of the queue when there are this many, so that a never empty queue stays small. */
const COMPACT_AT = 1024;

/**
 * A room's turns: one event at a time, in the order they came; the next starts when the handler has returned and
 * its promise has settled. An event that finds the room idle is handled at once, without a queue or a microtask.
 * Whatever its owner throws, the next event has its turn.
 */
export class Mailbox {
  /** Starts closed: the room is not there yet. */
  #isBusy = true;
  #queue: RoomEvent[] = [];
  #head = 0;
  #bytes = 0;
  #wasFull = false;
  /** Runs while a turn is waited for. */
  #turnTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly owner: MailboxOwner,
    private readonly limits: MailboxLimits,
    private readonly clock: JamsocketClock,
    private readonly turnTimeoutMs: number,
  ) {}

  /** The room is there: what has come in the meantime is handled now. */
  open(): void {
    this.#continueWith(undefined);
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
    this.#continueWith(undefined);
  }

  /** That turn has thrown. */
  fail(event: RoomEvent, error: unknown): void {
    this.#report(event, error);
    this.#continueWith(undefined);
  }

  /** That turn goes on as this promise. */
  wait(turn: Promise<void>, event: RoomEvent): void {
    this.#continueWith(this.#withinTimeout(turn, event));
  }

  /** @returns whether the mailbox is full now: whoever fills it should send no more */
  post(event: RoomEvent): boolean {
    if (!this.#isBusy) {
      this.#isBusy = true;
      this.#continueWith(this.#take(event));
      return false;
    }
    this.#queue.push(compacted(event));
    this.#bytes += bytesOf(event);
    if (!this.isFull) return false;
    this.#wasFull = true;
    return true;
  }

  /** Gives up the turn that is under way, and gives away the events that wait: the room will not handle them. */
  abandon(): RoomEvent[] {
    if (this.#turnTimer !== null) this.clock.clearTimeout(this.#turnTimer);
    const rest = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
    return rest;
  }

  #continueWith(turn: void | Promise<void>): void {
    for (;;) {
      if (turn !== undefined) {
        void turn.then(() => this.#continueWith(undefined));
        return;
      }
      const event = this.#shift();
      if (event === undefined) {
        this.#isBusy = false;
        return;
      }
      turn = this.#take(event);
    }
  }

  #take(event: RoomEvent): void | Promise<void> {
    try {
      const turn = this.owner.takeTurn(event);
      return turn === undefined ? undefined : this.#withinTimeout(turn, event);
    } catch (error) {
      this.#report(event, error);
      return undefined;
    }
  }

  #withinTimeout(turn: Promise<void>, event: RoomEvent): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(() => {
        try {
          this.owner.turnTimedOut(event);
        } catch (error) {
          this.#report(event, error);
        }
        resolve();
      }, this.turnTimeoutMs);
      this.#turnTimer = timer;
      const end = () => {
        this.clock.clearTimeout(timer);
        resolve();
      };
      turn.then(end, (error) => {
        this.#report(event, error);
        end();
      });
    });
  }

  #report(event: RoomEvent | undefined, error: unknown): void {
    try {
      this.owner.turnThrew(event, error);
    } catch {
      // Nothing is left to try, and the room has to go on.
    }
  }

  #shift(): RoomEvent | undefined {
    if (this.#head === this.#queue.length) return undefined;
    const event = this.#queue[this.#head];
    this.#queue[this.#head++] = undefined as never;
    this.#bytes -= bytesOf(event);
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
    return event;
  }
  #tellDrained(): void {
    try {
      this.owner.mailboxDrained();
    } catch (error) {
      this.#report(undefined, error);
    }
  }
}
