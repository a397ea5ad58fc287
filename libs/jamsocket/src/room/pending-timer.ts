import type { RoomTimer } from './room-event.js';
import type { TimerHandle, TimerType } from './timer-registry.js';

/** A timer that has not fired yet, or an interval. */
export interface PendingTimer {
  readonly name: string;
  readonly type: TimerType;
  /** Milliseconds on the room's clock; the calendar alone knows that of a cron job. */
  readonly dueAt: number | undefined;
}

/** What a room keeps of a timer of its own. */
export class Pending implements RoomTimer, PendingTimer {
  dueAt: number | undefined = undefined;
  /** What is registered for it: the job, or the wait that is under way. */
  handle: TimerHandle | undefined = undefined;
  /** A job's `initialDelay`, while it lasts. */
  delay: NodeJS.Timeout | undefined = undefined;
  isCancelled = false;
  /** Its event waits in the mailbox: another one of an interval would only pile up. */
  isPosted = false;
  /** It does not fire again. */
  isOver = false;

  /** @param everyMs milliseconds between two ticks of an interval */
  constructor(
    readonly type: TimerType,
    readonly name: string,
    readonly method: string | undefined,
    readonly everyMs: number | undefined,
  ) {}

  get key(): string {
    return keyOf(this.type, this.name);
  }
}

/** An interval may have the name of a timeout, as in Nest. */
export function keyOf(type: TimerType, name: string): string {
  return `${type}:${name}`;
}
