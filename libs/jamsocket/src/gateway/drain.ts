import { Logger } from '@nestjs/common';
import { logWarning } from '../base/log.js';
import { CloseCode } from '../base/protocol.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { Room } from '../room/room.js';
import type { RoomRegistry } from '../rooms/room-registry.js';

/** Closes come this far apart at the most, so that a small server stops at once. */
const MAX_GAP_MS = 1;
/** The part of the grace over which the closes are spread. */
const CLOSING_PART = 0.5;
/** The part of the grace in which messages have their turns; the rest is for `@OnDisconnect`, `@OnDestroy` and the sockets. */
const MESSAGES_PART = 0.6;
/** Closes go out in batches, one a tick. */
const TICK_MS = 10;
/** A log line names so many rooms. */
const MAX_NAMES = 5;
const REASON = 'service restart';

const logger = new Logger('Jamsocket');

/**
 * Ends all rooms within `graceMs`. Clients are closed in random order with 1012, spread so that they do not all come
 * back in one instant; each gets everything it was sent before, and one that speaks `jamsocket.v1` is closed when what
 * it sent has been handled and acknowledged. Messages that have not had their turns after a part of the grace are given
 * up unacknowledged, so that `@OnDisconnect` and `@OnDestroy` have the rest. Whoever has not closed by the end is cut off.
 */
export async function drainRooms(
  registry: RoomRegistry,
  graceMs: number,
  clock: JamsocketClock,
  random: JamsocketRandom,
): Promise<void> {
  registry.refuseNew();
  const clients = shuffle(registry.clients(), random);
  const deadline = clock.now() + graceMs;
  const grace = delay(graceMs, clock);
  const messages = delay(graceMs * MESSAGES_PART, clock);
  const hurried = messages.passed.then(() => logGivenUp(registry.hurryAll(deadline), graceMs));
  const drained = drainInTime(registry, clients, { graceMs, clock, hurried });
  const isDone = await Promise.race([grace.passed.then(() => false), drained.then(() => true)]);
  messages.cancel();
  grace.cancel();
  if (isDone) return;
  logOverdue(registry, graceMs);
  void registry.abandonAll();
  for (const connection of registry.closing) connection.terminate('shutdown grace is over');
  for (const client of clients) client.connection?.terminate('shutdown grace is over');
}

interface Time {
  readonly graceMs: number;
  readonly clock: JamsocketClock;
  /** Every client has been closed, whatever of it still waited. */
  readonly hurried: Promise<void>;
}

async function drainInTime(
  registry: RoomRegistry,
  clients: readonly Client[],
  { graceMs, clock, hurried }: Time,
): Promise<void> {
  const spreadMs = Math.min(graceMs * CLOSING_PART, clients.length * MAX_GAP_MS);
  const began = clock.now();
  const ends: Promise<void>[] = [];
  while (ends.length < clients.length) {
    // By the clock, not by the tick: a busy process is late for every tick, and that must not add up.
    const elapsed = clock.now() - began + TICK_MS;
    const due = elapsed < spreadMs ? Math.ceil((clients.length * elapsed) / spreadMs) : clients.length;
    while (ends.length < due) ends.push(closeWhenHandled(clients[ends.length]));
    if (ends.length < clients.length) await delay(TICK_MS, clock).passed;
  }
  await Promise.race([Promise.all(ends), hurried]);
  await closeSuspended(registry, spreadMs, clock);
  await registry.stopAll(CloseCode.serviceRestart, REASON);
  await Promise.all([...registry.closing].map((connection) => connection.ended));
}

/** Durable rooms end without a word to those in them, who come back to another instance. */
async function closeSuspended(registry: RoomRegistry, spreadMs: number, clock: JamsocketClock): Promise<void> {
  const clients = (await registry.suspendAll()).filter(({ connection }) => connection !== null);
  const gapMs = Math.min(MAX_GAP_MS, spreadMs / clients.length);
  const began = clock.now();
  for (const [index, client] of clients.entries()) {
    while (clock.now() - began < index * gapMs) await delay(TICK_MS, clock).passed;
    client.endNow(CloseCode.serviceRestart, REASON);
  }
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
    `Shutting down: ${messages} messages that clients had sent were not handled within ${graceMs * MESSAGES_PART} ms and have been given up, in ${namesOf([...givenUp.keys()])}. They have not been acknowledged. A longer shutdownGraceMs (${graceMs} ms) gives them more time.`,
    null,
  );
}

function logOverdue(registry: RoomRegistry, graceMs: number): void {
  const rooms = registry.unstopped();
  const what = [
    ...(rooms.length > 0 ? [`${namesOf(rooms)} had not stopped`] : []),
    ...(registry.closing.size > 0 ? [`${registry.closing.size} connections had not closed`] : []),
  ].join(', and ');
  logWarning(
    logger,
    `Shutting down: shutdownGraceMs (${graceMs} ms) is over. ${what || 'Not everything had ended'}; it ends now.`,
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
