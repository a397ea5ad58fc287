import { assertRoomKey } from './assert-room-key.js';
import { firstFence } from './first-fence.js';
import type { Claim, DueRoom, RoomKey, RoomStore, RoomWrite, StoredSegment, WriteOutcome } from './room-store.js';
import { StoreError } from './store-error.js';
import { nameOfRoom } from './name-of-room.js';

interface MemoryRecord {
  readonly room: RoomKey;
  fence: number;
  owner: string;
  isReleased: boolean;
  sequence: number;
  parts: ReadonlyMap<string, Uint8Array>;
  segments: readonly StoredSegment[];
  dueAt: number | null;
}

/**
 * Keeps rooms in the memory of the process: for tests, and for a first try of durable rooms. Its records outlive the room
 * instances and are lost when the process ends.
 */
export class MemoryStore implements RoomStore {
  readonly #records = new Map<string, MemoryRecord>();
  #isClosed = false;

  async describe(): Promise<string> {
    return 'memory: rooms end with the process';
  }

  async claim(room: RoomKey, owner: string, minFence = 1): Promise<Claim> {
    this.#mustBeOpen();
    assertRoomKey(room);
    const id = nameOfRoom(room);
    const found = this.#records.get(id);
    const record = found ?? newRecord(room);
    record.fence = found === undefined ? firstFence(minFence) : Math.max(record.fence + 1, minFence);
    const { isReleased } = record;
    record.owner = owner;
    record.isReleased = false;
    this.#records.set(id, record);
    if (record.parts.size === 0) return { fence: record.fence, record: undefined };
    const parts = Object.fromEntries([...record.parts].map(([name, bytes]) => [name, new Uint8Array(bytes)]));
    const segments = record.segments.map(({ number, bytes }) => ({ number, bytes: new Uint8Array(bytes) }));
    return { fence: record.fence, record: { parts, segments, sequence: record.sequence, isReleased } };
  }

  async commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    this.#mustBeOpen();
    return writes.map((write) => this.#apply(write));
  }

  async has(room: RoomKey): Promise<boolean> {
    this.#mustBeOpen();
    assertRoomKey(room);
    const record = this.#records.get(nameOfRoom(room));
    return record !== undefined && record.parts.size > 0;
  }

  async due(
    before: number,
    limit: number,
    except: readonly string[],
    services: readonly string[],
  ): Promise<readonly DueRoom[]> {
    this.#mustBeOpen();
    return [...this.#records.values()]
      .filter(
        ({ room, owner, isReleased }) => services.includes(room.service) && (isReleased || !except.includes(owner)),
      )
      .flatMap(({ room, dueAt }) => (dueAt !== null && dueAt <= before ? [{ room, dueAt }] : []))
      .sort((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit);
  }

  async list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]> {
    this.#mustBeOpen();
    return [...this.#records.values()]
      .filter(({ room, parts }) => room.service === service && parts.size > 0)
      .map(({ room }) => room)
      .filter(({ key }) => after === undefined || key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, limit);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #apply(write: RoomWrite): WriteOutcome {
    const record = this.#records.get(nameOfRoom(write.room));
    if (record === undefined || record.fence !== write.fence || record.owner !== write.owner) return 'fenced';
    if (write.sequence <= record.sequence) return 'done';
    if (record.isReleased || write.sequence > record.sequence + 1) return 'fenced';
    if (write.isDelete) {
      this.#records.delete(nameOfRoom(write.room));
      return 'done';
    }
    const { parts = {}, segments = [], keepFrom = 0, dueAt = record.dueAt } = write;
    const copies = Object.entries(parts).map(([name, bytes]): [string, Uint8Array] => [name, new Uint8Array(bytes)]);
    record.parts = new Map([...record.parts, ...copies]);
    const appended = segments.map(({ number, bytes }) => ({ number, bytes: new Uint8Array(bytes) }));
    record.segments = [...record.segments, ...appended].filter(({ number }) => number >= keepFrom);
    record.dueAt = dueAt;
    record.sequence = write.sequence;
    record.isReleased = write.isRelease === true;
    return 'done';
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new StoreError('store_closed', 'The MemoryStore has been closed.');
  }
}

function newRecord({ service, key }: RoomKey): MemoryRecord {
  const parts = new Map<string, Uint8Array>();
  return {
    room: { service, key },
    fence: 0,
    owner: '',
    isReleased: false,
    sequence: 0,
    parts,
    segments: [],
    dueAt: null,
  };
}
