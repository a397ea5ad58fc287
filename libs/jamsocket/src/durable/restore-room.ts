import type { JamsocketClock } from '../base/sources.js';
import type { Restored } from '../members/room-lifecycle.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { Claim, RoomKey, StoredRecord } from '../store/room-store.js';
import type { DurableRoom } from './durable-room.js';
import { readRecord, type ReadRecord } from './read-record.js';
import { restoreMembers } from './restore-members.js';
import { storeUnavailable, unreadable } from './room-refusals.js';
import { RoomRecorder } from './room-recorder.js';
import { RoomStateFields } from './room-state.js';

/** What a claim needs of the process. */
export interface ClaimServices {
  /** Makes the process the owner of a room. */
  claim(room: RoomKey): Promise<Claim>;
}

/** How and when the instance before was saved: `savedAt` is in milliseconds since 1970. */
export type SavedBefore = Omit<Restored, 'savedAt'> & { readonly savedAt: number };

/** A new instance as it was found in the record. */
interface RestoredRoom {
  readonly recorder: RoomRecorder;
  /** `undefined` for a new room. */
  readonly restored: SavedBefore | undefined;
  readonly isExpired: boolean;
  /** When the record was written, on the clock; `undefined` for a new room. */
  readonly savedAt: number | undefined;
}

/**
 * Restores the new instance from the record that its claim has found.
 * @throws RefusedError `room_unreadable`
 */
export async function restoreRoom(
  room: DurableRoom,
  stored: StoredRecord | undefined,
  circumstances: Circumstances & { readonly options: ResolvedDurable },
): Promise<RestoredRoom> {
  const { options } = circumstances;
  const fields = new RoomStateFields(room.stateHolders, options);
  const recorder = new RoomRecorder(fields, options.save === 'turn');
  if (stored === undefined) return { recorder, restored: undefined, isExpired: false, savedAt: undefined };
  const record = await reading(room, () => readRecord(stored));
  const restored = await reading(room, () => fillIn(room, record, fields, circumstances));
  recorder.restored(record, room.members.log);
  return { recorder, ...restored };
}

/**
 * Makes the process the owner of the room's record.
 * @throws RefusedError `room_unreadable`, `store_unavailable`
 */
export async function claimRoom(room: DurableRoom, services: ClaimServices): Promise<Claim> {
  try {
    return await services.claim(room.key);
  } catch (error) {
    if ((error as { code?: unknown } | undefined)?.code === 'record_unreadable') throw unreadable(room, error);
    throw storeUnavailable(`Room "${room.key.key}" cannot be opened: its store does not answer.`, error);
  }
}

async function reading<T>(room: DurableRoom, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unreadable(room, error);
  }
}

export interface Circumstances {
  readonly options: Pick<ResolvedDurable, 'version' | 'migrate' | 'expireMs'>;
  readonly clock: JamsocketClock;
  /** Clients have seen nothing that was not saved. */
  readonly isGated: boolean;
}

/** Fills a new instance with what was saved of the one before. */
export async function fillIn(
  room: DurableRoom,
  record: ReadRecord,
  fields: RoomStateFields,
  { options, clock, isGated }: Circumstances,
): Promise<Omit<RestoredRoom, 'recorder'>> {
  const { base, state } = record;
  const { version, shared } = await fields.restore(state, record.shared);
  const wallOffset = clock.wallTime() - clock.now();
  // Without a gate, clients may have seen and sent more than was saved before a crash.
  restoreMembers(room, record, { wallOffset, isExact: isGated || base.endedBy !== null });
  room.states?.restore(record.shared ?? {}, shared);
  room.timers.restore(base.timers, { wallOffset, mayHaveRun: base.endedBy === null });
  // How long a room was in use before a crash is unknown.
  const isLeft = base.endedBy !== null && base.members.length + base.leaving.length + base.timers.length === 0;
  return {
    restored: { reason: base.endedBy ?? 'crash', version, savedAt: base.savedAt },
    savedAt: Math.round(base.savedAt - wallOffset),
    isExpired: isLeft && clock.wallTime() - base.savedAt >= options.expireMs,
  };
}
