import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers';
import type { Room } from '../room/room.js';

/** Idle event-loop ticks in a row that are necessary: a handler's messages leave one tick after it, or after its commit. */
const QUIET_TICKS = 5;
/** After this many ticks a handler must be waiting for more than promises: poll slowly, without using the processor. */
const BUSY_TICKS = 200;
const PAUSE_MS = 1;

/** What `settle` watches. */
export interface Surroundings {
  readonly network: { readonly isQuiet: boolean; readonly deliveries: number };
  readonly rooms: { unstopped(): readonly Room[] };
}

/**
 * Runs everything that can run without advancing the clock: bytes arrive, turns end, and the messages they sent arrive.
 * Handlers that wait for something else, such as a file, get `patienceMs` to finish.
 * @param patienceMs milliseconds of real time; 0 does not wait for handlers
 * @returns the rooms that are still not idle
 */
export async function settle({ network, rooms }: Surroundings, patienceMs: number): Promise<readonly Room[]> {
  const deadline = performance.now() + patienceMs;
  const busyRooms = () => rooms.unstopped().filter((room) => !room.isIdle);
  let deliveries = -1;
  for (let quiet = 0, ticks = 0; quiet < QUIET_TICKS; ticks++) {
    await (ticks < BUSY_TICKS ? tick() : pause());
    const isOver = ticks > QUIET_TICKS && performance.now() >= deadline;
    const isQuiet = network.isQuiet && network.deliveries === deliveries;
    quiet = isQuiet && (isOver || busyRooms().length === 0) ? quiet + 1 : 0;
    deliveries = network.deliveries;
  }
  return busyRooms();
}

/** Waits for one tick of the event loop. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
