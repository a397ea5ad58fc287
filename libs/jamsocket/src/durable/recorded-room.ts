import type { JamsocketClock } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { ReplayLog } from '../sessions/replay-log.js';
import type { Values } from '../shared-state/patch-text.js';
import type { DurableRoom } from './durable-room.js';
import type { SavedTimer } from './record.js';

/** A room as the recorder sees it, between two turns. */
export interface RecordedRoom {
  readonly className: string;
  readonly clients: ReadonlyMap<number, Client>;
  /** Clients that have left and whose `@OnDisconnect` has not run. */
  readonly leaving: ReadonlySet<Client>;
  /** `null` if no client has spoken `jamsocket.v1`. */
  readonly log: ReplayLog | null;
  /** Values of the shared state by name; `null` if there are none. */
  readonly shared: Values | null;
  readonly nextId: number;
  readonly clientKeys: ReadonlyMap<string, number>;
  readonly timers: readonly SavedTimer[];
  readonly dueAt: number | null;
  /** Milliseconds since 1970 at 0 on the clock. */
  readonly wallOffset: number;
  readonly wallNow: number;
}

/** Due times are rounded up to this, so that they do not differ with each write. */
const ROUND_MS = 10_000;

/** @param expireMs how long the record of an unused room is kept */
export function recordedRoom(
  { className, members, timers, states }: DurableRoom,
  leaving: ReadonlySet<Client>,
  clock: JamsocketClock,
  expireMs: number,
): RecordedRoom {
  const wallNow = clock.wallTime();
  const wallOffset = wallNow - clock.now();
  const saved = timers.saved(wallOffset);
  const { clients, log, lastId, clientKeys } = members;
  // If this instance is gone by then, another one has to continue: fire timers, let its clients leave, or expire.
  const times = saved.map(({ dueAt }) => dueAt);
  if (clients.size > 0 || leaving.size > 0) times.push(roundedUp(wallNow));
  const dueAt = Math.min(...times, roundedUp(wallNow + expireMs));
  return {
    className,
    clients,
    leaving,
    log,
    shared: states === null ? null : states.values,
    nextId: lastId,
    clientKeys,
    timers: saved,
    dueAt: dueAt === Infinity ? null : dueAt,
    wallOffset,
    wallNow,
  };
}

function roundedUp(ms: number): number {
  return Math.ceil(ms / ROUND_MS) * ROUND_MS;
}
