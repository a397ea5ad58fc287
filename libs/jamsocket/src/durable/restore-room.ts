import type { JamsocketClock } from '../base/sources.js';
import type { Restored } from '../members/room-lifecycle.js';
import type { ResolvedDurable } from '../options/durable.js';
import type { Claim, RoomKey } from '../store/room-store.js';
import type { DurableRoom } from './durable-room.js';
import { readRecord, type ReadRecord } from './record.js';
import { restoreMembers } from './restore-members.js';
import { storeUnavailable, unreadable } from './room-refusals.js';
import { RoomRecorder } from './room-recorder.js';
import { RoomStateFields } from './room-state.js';

/** What a restore needs of the process. */
export interface RestoreServices {
  readonly clock: JamsocketClock;
  /** Makes the process the owner of a room. */
  claim(room: RoomKey): Promise<Claim>;
}

/** How and when the instance before was saved: `savedAt` is in milliseconds since 1970. */
export type SavedBefore = Omit<Restored, 'savedAt'> & { readonly savedAt: number };

/** A room that this process owns now. */
interface OwnedRoom {
  readonly fence: number;
  /** Number of the record's last write. */
  readonly sequence: number;
  readonly recorder: RoomRecorder;
  /** `undefined` for a new room. */
  readonly restored: SavedBefore | undefined;
  readonly isExpired: boolean;
  /** When the record was written, on the clock; `undefined` for a new room. */
  readonly savedAt: number | undefined;
}

/**
 * Makes the process the owner of the room's record, and restores the new instance from it.
 * @param isGated clients have seen nothing that was not saved
 * @throws RefusedError `room_unreadable`, `store_unavailable`
 */
export async function restoreRoom(
  room: DurableRoom,
  options: ResolvedDurable,
  services: RestoreServices,
  isGated: boolean,
): Promise<OwnedRoom> {
  const fields = new RoomStateFields(room.stateHolders, options);
  const { fence, record: stored } = await claim(room, services);
  const record = stored && (await reading(room, () => readRecord(stored)));
  const recorder = new RoomRecorder(fields, options.save === 'turn');
  const owned = { fence, sequence: stored?.sequence ?? 0, recorder };
  if (record === undefined) return { ...owned, restored: undefined, isExpired: false, savedAt: undefined };
  const restored = await reading(room, () => fillIn(room, record, fields, { options, clock: services.clock, isGated }));
  recorder.restored(record, room.members.log);
  return { ...owned, ...restored };
}

async function claim(room: DurableRoom, services: RestoreServices): Promise<Claim> {
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

interface Circumstances {
  readonly options: ResolvedDurable;
  readonly clock: JamsocketClock;
  readonly isGated: boolean;
}

async function fillIn(
  room: DurableRoom,
  record: ReadRecord,
  fields: RoomStateFields,
  { options, clock, isGated }: Circumstances,
): Promise<Pick<OwnedRoom, 'restored' | 'isExpired' | 'savedAt'>> {
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
    savedAt: base.savedAt - wallOffset,
    isExpired: isLeft && clock.wallTime() - base.savedAt >= options.expireMs,
  };
}
