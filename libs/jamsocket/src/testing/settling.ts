import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers';
import type { Room } from '../room/room.js';

/** So many turns of the event loop in a row must bring nothing new: what a handler sends leaves in the turn after it. */
const QUIET_TURNS = 3;
/** After so many turns a handler waits for more than promises, and is waited for without keeping the processor busy. */
const BUSY_TURNS = 200;
const PAUSE_MS = 1;

/** What can be under way in an application with rooms. */
export interface Surroundings {
  readonly network: { readonly isQuiet: boolean; readonly deliveries: number };
  readonly rooms: { unstopped(): readonly Room[] };
}

/**
 * Lets everything run that can run while the clock stands still: bytes arrive, turns end, what they sent arrives too.
 * Rooms whose handlers wait for something else, such as a file, are waited for until the patience is over.
 * @param patienceMs of real time; 0 does not wait for handlers at all
 * @returns the rooms that are not idle then
 */
export async function settle({ network, rooms }: Surroundings, patienceMs: number): Promise<readonly Room[]> {
  const deadline = performance.now() + patienceMs;
  const busyRooms = () => rooms.unstopped().filter((room) => !room.isIdle);
  let deliveries = -1;
  for (let quiet = 0, turns = 0; quiet < QUIET_TURNS; turns++) {
    await (turns < BUSY_TURNS ? turn() : pause());
    const isOver = turns > QUIET_TURNS && performance.now() >= deadline;
    const isQuiet = network.isQuiet && network.deliveries === deliveries;
    quiet = isQuiet && (isOver || busyRooms().length === 0) ? quiet + 1 : 0;
    deliveries = network.deliveries;
  }
  return busyRooms();
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
