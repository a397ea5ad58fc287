import type { Room } from '../room/room.js';
import type { RoomChanges, RoomRow } from './inspector-events.js';
import { keyOf } from './room-directory.js';
import type { RoomMeter } from './room-meters.js';

const MS_PER_S = 1_000;
const RATES = ['in', 'out', 'bytesIn', 'bytesOut'] as const;

/** A row for each room. An unchanged row stays the same object, so that changes are found by comparing references. */
export class RoomTable {
  #rows = new Map<Room, RoomRow>();
  #elsewhere: readonly RoomRow[] = [];

  /** @param epoch milliseconds since the epoch when the rooms' clock was 0 */
  constructor(private readonly epoch: number) {}

  /** Rooms that run here. */
  get rows(): Iterable<RoomRow> {
    return this.#rows.values();
  }

  /** Rooms that run here, and those of other nodes. */
  get all(): Iterable<RoomRow> {
    return [...this.#rows.values(), ...this.#elsewhere];
  }

  /** @param rows rooms of other nodes. One that has just moved here is here */
  showElsewhere(rows: Iterable<RoomRow>): void {
    const here = new Set([...this.#rows.values()].map(({ key }) => key));
    this.#elsewhere = [...rows].filter(({ key }) => !here.has(key));
  }

  /** @param elapsedMs milliseconds since the meters were reset; 0 if there are no rates yet */
  read(rooms: readonly Room[], meterOf: (room: Room) => RoomMeter | undefined, elapsedMs: number): void {
    const rows = new Map<Room, RoomRow>();
    for (const room of rooms) {
      const before = this.#rows.get(room);
      const row = this.#rowOf(room, meterOf(room), elapsedMs, before);
      rows.set(room, before !== undefined && isSame(before, row) ? before : row);
    }
    this.#rows = rows;
  }

  #rowOf(room: Room, meter: RoomMeter | undefined, elapsedMs: number, before: RoomRow | undefined): RoomRow {
    let [away, buffered] = [0, 0];
    for (const { connection } of room.members.clients.values()) {
      if (connection === null) away++;
      else buffered += connection.bufferedBytes;
    }
    const [inPerS, outPerS, bytesIn, bytesOut] = RATES.map((name) => perSecond(meter?.[name] ?? 0, elapsedMs));
    return {
      key: before?.key ?? keyOf(room),
      service: room.definition.service,
      room: room.address.key,
      clients: room.members.clients.size,
      away,
      in: inPerS,
      out: outPerS,
      bytesIn,
      bytesOut,
      mailbox: room.waitingEvents,
      buffered,
      timers: room.timers.size,
      startedAt: Math.round(this.epoch + room.startedAt),
    };
  }
}

/** Tracks which rows one page already has. */
export class RoomChangesFor {
  #told: Map<string, RoomRow> | null = null;

  /** The changes since the last call. */
  next(table: RoomTable): RoomChanges {
    const told = this.#told;
    const now = new Map<string, RoomRow>();
    const rooms: RoomRow[] = [];
    for (const row of table.all) {
      now.set(row.key, row);
      if (told?.get(row.key) !== row) rooms.push(row);
    }
    this.#told = now;
    return { isFull: told === null, rooms, gone: [...(told?.keys() ?? [])].filter((key) => !now.has(key)) };
  }
}

/** Rounded to a tenth, so that noise does not change the row in every interval. */
function perSecond(count: number, elapsedMs: number): number {
  return elapsedMs > 0 ? Math.round((count * MS_PER_S * 10) / elapsedMs) / 10 : 0;
}

function isSame(a: RoomRow, b: RoomRow): boolean {
  return (Object.keys(a) as (keyof RoomRow)[]).every((name) => a[name] === b[name]);
}
