import type { Link } from './link.js';
import type { OwnSequence } from './own-sequence.js';
import type { Outlet } from './outbox.js';

/** The `start` of an outlet that has left. */
export const HAS_LEFT = -1;

/** What a member of a coalescing outbox has not got yet: first `parts`, then the broadcasts from `start`. */
export class CoalescingOutlet implements Outlet {
  /** Its own sequence, which comes before the broadcasts. */
  parts: OwnSequence | null = null;
  /** The next outlet in the `ApartList`. */
  nextApart: CoalescingOutlet | null = null;

  constructor(
    readonly link: Link,
    /** Index of the first broadcast that it has not got, or `HAS_LEFT`. */
    public start: number,
  ) {}
}
