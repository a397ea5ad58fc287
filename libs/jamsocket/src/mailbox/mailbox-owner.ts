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

/** Tells the owner of an error. Never throws. */
export function tellError<E>(owner: MailboxOwner<E>, event: E | undefined, error: unknown): void {
  try {
    owner.turnThrew(event, error);
  } catch {
    // Even reporting failed. Ignored, so that the next turn runs.
  }
}
