import type { Claim, DueRoom, RoomKey, RoomStore, RoomWrite, StoredSegment, WriteOutcome } from './room-store.js';
import { StoreError } from './store-error.js';

/** The owner of a record that was released. */
const NOBODY = '';

interface MemoryRecord {
  readonly room: RoomKey;
  fence: number;
  owner: string;
  sequence: number;
  parts: ReadonlyMap<string, Uint8Array>;
  segments: readonly StoredSegment[];
  dueAt: number | null;
}

/**
 * Keeps rooms in the memory of the process: for tests, and to try durable rooms out. What it holds survives the rooms,
 * and ends with the process.
 */
export class MemoryStore implements RoomStore {
  readonly #records = new Map<string, MemoryRecord>();
  #isClosed = false;

  async describe(): Promise<string> {
    return 'memory: rooms end with the process';
  }

  async claim(room: RoomKey, owner: string, minFence = 1): Promise<Claim> {
    this.#mustBeOpen();
    const id = idOf(room);
    const found = this.#records.get(id);
    const record = found ?? {
      room: { service: room.service, key: room.key },
      fence: 0,
      owner,
      sequence: 0,
      parts: new Map<string, Uint8Array>(),
      segments: [],
      dueAt: null,
    };
    record.fence = Math.max(record.fence + 1, minFence);
    record.owner = owner;
    this.#records.set(id, record);
    if (record.parts.size === 0) return { fence: record.fence, record: undefined };
    const parts = Object.fromEntries([...record.parts].map(([name, bytes]) => [name, new Uint8Array(bytes)]));
    const segments = record.segments.map(({ number, bytes }) => ({ number, bytes: new Uint8Array(bytes) }));
    return { fence: record.fence, record: { parts, segments, sequence: record.sequence } };
  }

  async commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    this.#mustBeOpen();
    return writes.map((write) => this.#apply(write));
  }

  async due(before: number, limit: number, except: readonly string[]): Promise<readonly DueRoom[]> {
    this.#mustBeOpen();
    return [...this.#records.values()]
      .filter(({ owner }) => !except.includes(owner))
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
    const record = this.#records.get(idOf(write.room));
    if (record === undefined || record.fence !== write.fence || record.owner !== write.owner) return 'fenced';
    if (write.sequence <= record.sequence) return 'done';
    if (write.isDelete) {
      this.#records.delete(idOf(write.room));
      return 'done';
    }
    const { parts = {}, segments = [], keepFrom = 0, dueAt = record.dueAt } = write;
    const copies = Object.entries(parts).map(([name, bytes]): [string, Uint8Array] => [name, new Uint8Array(bytes)]);
    record.parts = new Map([...record.parts, ...copies]);
    const appended = segments.map(({ number, bytes }) => ({ number, bytes: new Uint8Array(bytes) }));
    record.segments = [...record.segments, ...appended].filter(({ number }) => number >= keepFrom);
    record.dueAt = dueAt;
    record.sequence = write.sequence;
    if (write.isRelease) record.owner = NOBODY;
    return 'done';
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new StoreError('store_closed', 'The MemoryStore has been closed.');
  }
}

function idOf({ service, key }: RoomKey): string {
  return JSON.stringify([service, key]);
}
