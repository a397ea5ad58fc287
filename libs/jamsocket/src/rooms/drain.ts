import { Logger } from '@nestjs/common';
import { logWarning } from '../base/log.js';
import { CloseCode } from '../base/protocol.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { Room } from '../room/room.js';
import type { RoomRegistry } from './room-registry.js';
import { MAX_GAP_MS, spread, TICK_MS } from '../timers/spread.js';
import { abandonAll, clientsToClose, hurryAll, stopAll, suspendAll } from './stop-all.js';

/** Part of the grace over which the closes are spread. */
const CLOSING_PART = 0.5;
/** Part of the grace for waiting messages; the rest is for `@OnDisconnect`, `@OnDestroy` and the sockets. */
const MESSAGES_PART = 0.6;
/** Most rooms that a log line names. */
const MAX_NAMES = 5;
const REASON = 'service restart';

const logger = new Logger('Jamsocket');

/**
 * Stops all rooms within `graceMs`. Clients are closed with 1012 in random order, spread over time so that they do not
 * all reconnect at once. Each client first gets its pending messages; a client of `jamsocket.v1` is closed when its own
 * messages are handled and acknowledged. After 60 % of the grace, the messages that still wait are dropped without an
 * acknowledgement, so that the rest is left for `@OnDisconnect` and `@OnDestroy`. Connections that are still open at the
 * end are cut.
 * @param moved clients whose rooms are on other nodes now: they are closed, too, and resume there
 */
export async function drainRooms(
  registry: RoomRegistry,
  graceMs: number,
  clock: JamsocketClock,
  random: JamsocketRandom,
  moved: readonly Client[] = [],
): Promise<void> {
  registry.refuseNew();
  const clients = shuffle(clientsToClose(registry), random);
  const deadline = clock.now() + graceMs;
  const grace = delay(graceMs, clock);
  const messages = delay(graceMs * MESSAGES_PART, clock);
  const hurried = messages.passed.then(() => logGivenUp(hurryAll(registry, deadline), graceMs));
  const drained = drainInTime(registry, clients, { graceMs, clock, hurried, moved });
  const isDone = await Promise.race([grace.passed.then(() => false), drained.then(() => true)]);
  messages.cancel();
  grace.cancel();
  if (isDone) return;
  logOverdue(registry, graceMs);
  void abandonAll(registry);
  for (const connection of registry.closing) connection.terminate('shutdown grace is over');
  for (const client of [...clients, ...moved]) client.connection?.terminate('shutdown grace is over');
}

interface Time {
  readonly graceMs: number;
  readonly clock: JamsocketClock;
  /** Resolves when the time for messages is over and every client has been closed. */
  readonly hurried: Promise<void>;
  readonly moved: readonly Client[];
}

async function drainInTime(
  registry: RoomRegistry,
  clients: readonly Client[],
  { graceMs, clock, hurried, moved }: Time,
): Promise<void> {
  const spreadMs = Math.min(graceMs * CLOSING_PART, clients.length * MAX_GAP_MS);
  const began = clock.now();
  const ends: Promise<void>[] = [];
  while (ends.length < clients.length) {
    // Computed from the clock: in a busy process timers fire late, and the delays must not add up.
    const elapsed = clock.now() - began + TICK_MS;
    const due = elapsed < spreadMs ? Math.ceil((clients.length * elapsed) / spreadMs) : clients.length;
    while (ends.length < due) ends.push(closeWhenHandled(clients[ends.length]));
    if (ends.length < clients.length) await delay(TICK_MS, clock).passed;
  }
  await Promise.race([Promise.all(ends), hurried]);
  const away = closeSpread(moved, graceMs, clock);
  await closeSpread(await suspendAll(registry), graceMs - (clock.now() - began), clock);
  await away;
  await stopAll(registry, CloseCode.serviceRestart, REASON);
  await Promise.all([...registry.closing].map((connection) => connection.ended));
}

/** Closes the clients of instances that have stopped: they resume in other instances. */
function closeSpread(clients: readonly Client[], graceMs: number, clock: JamsocketClock): Promise<void> {
  const connected = clients.filter(({ connection }) => connection !== null);
  return spread(connected, graceMs * CLOSING_PART, clock, (client) => client.endNow(CloseCode.serviceRestart, REASON));
}

function closeWhenHandled(client: Client): Promise<void> {
  return new Promise((resolve) =>
    client.finish(() => {
      client.end(CloseCode.serviceRestart, REASON);
      resolve();
    }),
  );
}

function logGivenUp(givenUp: ReadonlyMap<Room, number>, graceMs: number): void {
  if (givenUp.size === 0) return;
  const messages = [...givenUp.values()].reduce((sum, count) => sum + count, 0);
  logWarning(
    logger,
    `Shutting down: ${messages} messages of clients were not handled within ${graceMs * MESSAGES_PART} ms and are dropped without an acknowledgement, in ${namesOf([...givenUp.keys()])}. Raise shutdownGraceMs (${graceMs} ms) to give them more time.`,
    null,
  );
}

function logOverdue(registry: RoomRegistry, graceMs: number): void {
  const rooms = registry.unstopped();
  const what = [
    ...(rooms.length > 0 ? [`${namesOf(rooms)} did not stop`] : []),
    ...(registry.closing.size > 0 ? [`${registry.closing.size} connections did not close`] : []),
  ].join(', and ');
  logWarning(
    logger,
    `Shutting down: shutdownGraceMs (${graceMs} ms) is over, but ${what || 'not everything stopped'}. The rest is cut off now.`,
    null,
  );
}

function namesOf(rooms: readonly Room[]): string {
  const names = rooms.slice(0, MAX_NAMES).map(({ definition, address }) => `${definition.type.name} "${address.key}"`);
  const others = rooms.length > MAX_NAMES ? ` and ${rooms.length - MAX_NAMES} more rooms` : '';
  return names.join(', ') + others;
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
