import { CloseCode } from '../base/protocol.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { RoomRegistry } from '../rooms/room-registry.js';

/** Closes come this far apart at the most, so that a small server stops at once. */
const MAX_GAP_MS = 1;
/** The part of the grace in which clients are closed; the rest is for handlers and for the sockets to empty. */
const CLOSING_PART = 0.5;
/** Closes go out in batches, one a tick. */
const TICK_MS = 10;
const REASON = 'service restart';

/**
 * Ends all rooms within `graceMs`. Clients are closed in random order with 1012, spread so that they do not all come
 * back in one instant; each gets everything it was sent before. Then the rooms run what is left in their mailboxes
 * and stop. Whoever has not closed by the end is cut off.
 */
export async function drainRooms(
  registry: RoomRegistry,
  graceMs: number,
  clock: JamsocketClock,
  random: JamsocketRandom,
): Promise<void> {
  registry.refuseNew();
  const clients = shuffle(registry.clients(), random);
  const deadline = delay(graceMs, clock);
  await Promise.race([deadline.passed, drainInTime(registry, clients, graceMs, clock)]);
  deadline.cancel();
  void registry.abandonAll();
  for (const client of clients) client.connection?.terminate('shutdown grace is over');
}

async function drainInTime(
  registry: RoomRegistry,
  clients: readonly Client[],
  graceMs: number,
  clock: JamsocketClock,
): Promise<void> {
  const spreadMs = Math.min(graceMs * CLOSING_PART, clients.length * MAX_GAP_MS);
  const began = clock.now();
  for (let closed = 0; closed < clients.length;) {
    // By the clock, not by the tick: a busy process is late for every tick, and that must not add up.
    const elapsed = clock.now() - began + TICK_MS;
    const due = elapsed < spreadMs ? Math.ceil((clients.length * elapsed) / spreadMs) : clients.length;
    for (; closed < due; closed++) clients[closed].end(CloseCode.serviceRestart, REASON);
    if (closed < clients.length) await delay(TICK_MS, clock).passed;
  }
  await registry.stopAll(CloseCode.serviceRestart, REASON);
  await Promise.all(clients.map(async (client) => client.connection?.ended));
}

function delay(ms: number, clock: JamsocketClock): { passed: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout;
  const passed = new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, ms)));
  return { passed, cancel: () => clock.clearTimeout(timer) };
}

/** Fisher and Yates (https://en.wikipedia.org/wiki/Fisher-Yates_shuffle). */
function shuffle<T>(items: T[], random: JamsocketRandom): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = random.uint32() % (at + 1);
    [items[at], items[other]] = [items[other], items[at]];
  }
  return items;
}
