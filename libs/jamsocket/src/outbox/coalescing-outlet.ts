import type { Link } from './link.js';
import type { OwnSequence } from './own-sequence.js';
import type { Outlet } from './outbox.js';

/** The `start` of an outlet that has left. */
export const HAS_LEFT = -1;

/** What one member of a coalescing outbox still has to get. */
export class CoalescingOutlet implements Outlet {
  /** What it gets before that. */
  parts: OwnSequence | null = null;
  /** The next in the list of those that have `parts`. */
  nextApart: CoalescingOutlet | null = null;

  constructor(
    readonly link: Link,
    /** Index of the first of the broadcasts that it still has to get, or `HAS_LEFT`. */
    public start: number,
  ) {}
}
