import { RefusedError, RoomClosedError } from '../../base/errors.js';
import { isInstance } from '../../base/foreign-value.js';
import type { JamsocketClock } from '../../base/sources.js';
import { withDeadline } from '../../base/within-timeout.js';
import { storeUnavailable } from '../../durable/room-refusals.js';
import type { Room } from '../../room/room.js';
import type { RoomEntry } from './live-rooms.js';

/** How long whoever creates a room waits for the store. */
const SAVED_WITHIN_MS = 10_000;

/** For whoever has made the room. @throws as `whenStarted` */
export function whenMade(entry: RoomEntry): void | Promise<void> {
  if (entry.started !== undefined) return whenStarted(entry);
  const { end, address } = entry.room;
  if (end.atStart !== null) throw new RoomClosedError(address.key, end.atStart);
}

/** @throws RoomClosedError to those who have waited for the start */
export async function whenStarted(entry: RoomEntry): Promise<void> {
  const { room } = entry;
  const hasWaited = room.state === 'starting';
  try {
    // The constructor or @OnCreate of the room itself has called this, and has to return first.
    if (hasWaited && entry.started === undefined) await Promise.resolve();
    await entry.started;
    if (hasWaited && room.end.atStart !== null) throw new RoomClosedError(room.address.key, room.end.atStart);
  } catch (error) {
    if (isInstance(error, RefusedError)) throw error;
    throw new RefusedError(
      503,
      'room_failed',
      `Room "${room.address.key}" could not be created.`,
      {},
      { cause: error },
    );
  }
}

/** Whoever is told that the room exists finds it after a crash, if that is what its durability promises. */
export async function whenSaved({ lifecycle, address }: Room, clock: JamsocketClock): Promise<void> {
  if (lifecycle === null) return;
  const saved = new Promise<void>((resolve, reject) => {
    const stopped = () => reject(new RefusedError(503, 'room_stopped', `Room "${address.key}" has stopped.`));
    lifecycle.whenSafe(resolve, stopped);
  });
  await withDeadline(saved, SAVED_WITHIN_MS, clock, () =>
    storeUnavailable(`Room "${address.key}" has been created, but is not saved yet: its store does not answer.`),
  );
}
