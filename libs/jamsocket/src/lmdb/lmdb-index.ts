import type { DueRoom, RoomKey } from '../store/room-store.js';
import {
  dueRange,
  dueRangeOf,
  headKey,
  idOf,
  idOfListKey,
  listKey,
  listRange,
  nameBytes,
  readDueKey,
  roomOfId,
  type RoomId,
} from './lmdb-keys.js';
import type { Bytes } from './lmdb-records.js';
import { readHead } from './record-head.js';

/** Finds rooms: those that are due, and those of a service. */
export class LmdbIndex {
  constructor(private readonly db: Bytes) {}

  due(before: number, limit: number, except: readonly string[], services: readonly string[]): DueRoom[] {
    const skipped = new Set(except.map((owner) => nameBytes(owner).toString('latin1')));
    // Each service may fill the limit: one with much to do does not hide the others.
    const found = [...new Set(services)].flatMap((service) => this.#dueIn(service, before, limit, skipped));
    return found.sort((a, b) => a.dueAt - b.dueAt).slice(0, limit);
  }

  list(service: string, limit: number, after: string | undefined): RoomKey[] {
    const range = listRange(service);
    const start = after === undefined ? range.start : listKey(idOf({ service, key: after }));
    const rooms: RoomKey[] = [];
    if (limit < 1) return rooms;
    for (const key of this.db.getKeys({ start, end: range.end, exclusiveStart: after !== undefined, limit })) {
      const room = this.#roomOf(idOfListKey(Buffer.from(key)));
      if (room !== undefined) rooms.push(room);
    }
    return rooms;
  }

  #dueIn(service: string, before: number, limit: number, skipped: ReadonlySet<string>): DueRoom[] {
    const all = dueRangeOf(service);
    const found: DueRoom[] = [];
    let { start } = all;
    while (found.length < limit) {
      // One owner per round: skipping an excluded owner is one seek, however many rooms it has.
      const [first] = this.db.getKeys({ start, end: all.end, limit: 1 });
      if (first === undefined) break;
      const { owner } = readDueKey(Buffer.from(first), all.start);
      const ofOwner = dueRange(service, owner);
      start = ofOwner.end;
      if (owner.length > 0 && skipped.has(owner.toString('latin1'))) continue;
      for (const key of this.db.getKeys(ofOwner)) {
        const { dueAt, id } = readDueKey(Buffer.from(key), all.start);
        if (dueAt > before || found.length === limit) break;
        const room = this.#roomOf(id);
        if (room !== undefined) found.push({ room, dueAt });
      }
    }
    return found;
  }

  /** Long names are hashed in keys; then the head of the record has the full names. */
  #roomOf(id: RoomId): RoomKey | undefined {
    const named = roomOfId(id);
    if (named !== undefined) return named;
    const bytes = this.db.get(headKey(id));
    if (bytes === undefined) return undefined;
    try {
      const { service, key } = readHead(bytes);
      return { service, key };
    } catch {
      return undefined;
    }
  }
}
