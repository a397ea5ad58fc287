import type { JamsocketClock } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { Restored } from '../members/room-lifecycle.js';
import type { StoredSegment } from '../store/room-store.js';
import type { DurableRoom } from './durable-room.js';
import { readRecord } from './read-record.js';
import { recordedRoom } from './recorded-room.js';
import { fillIn } from './restore-room.js';
import { RoomRecorder } from './room-recorder.js';
import { RoomStateFields } from './room-state.js';

/** What goes along when a room that is not durable moves to another node: as the record of a durable room, but in no store. */
export interface TransientRecord {
  readonly parts: Readonly<Record<string, Uint8Array>>;
  readonly segments: readonly StoredSegment[];
}

/** Rooms that are not durable have no versions: their records live for a moment. */
const OPTIONS = { version: 1, migrate: undefined, expireMs: Infinity };

/**
 * @param leaving clients that have left and whose `@OnDisconnect` has not run
 * @throws DurableError `bad_state` if a `@State()` field or `client.data` cannot be cloned
 */
export function transientRecord(
  room: DurableRoom,
  leaving: ReadonlySet<Client>,
  clock: JamsocketClock,
): TransientRecord {
  room.states?.flush();
  const recorder = new RoomRecorder(new RoomStateFields(room.stateHolders, OPTIONS), false);
  const { parts = {}, segments = [] } = recorder.take(recordedRoom(room, leaving, clock, Infinity), 'moved')!;
  return { parts, segments };
}

/** @throws DurableError `unreadable` */
export async function restoreTransient(
  room: DurableRoom,
  { parts, segments }: TransientRecord,
  clock: JamsocketClock,
): Promise<Restored> {
  const record = readRecord({ parts, segments, sequence: 0, isReleased: true });
  const fields = new RoomStateFields(room.stateHolders, OPTIONS);
  const { restored } = await fillIn(room, record, fields, { options: OPTIONS, clock, isGated: true });
  return { ...restored!, savedAt: new Date(restored!.savedAt) };
}
