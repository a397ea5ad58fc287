import type { VirtualClock } from '../../libs/jamsocket/src/testing/time/virtual-clock.js';

/** Lets virtual time go by in steps, and waits after each of them. Sockets are real. */
export async function letGoBy(clock: VirtualClock, ms: number, between: () => Promise<unknown>): Promise<void> {
  for (const end = clock.now() + ms; clock.now() < end;) {
    const step = Math.min(clock.now() + 250, end);
    while (clock.runNext(step));
    clock.moveTo(step);
    await between();
  }
}
