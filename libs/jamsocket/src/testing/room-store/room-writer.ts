import type { RoomKey, RoomStore, RoomWrite, StoredRecord, WriteOutcome } from '../../store/room-store.js';

/** What a write changes. */
export type Change = Omit<RoomWrite, 'room' | 'fence' | 'owner' | 'sequence'>;

/** Claims a room and writes to it, as a room of the library does. */
export class RoomWriter {
  #sequence: number;

  private constructor(
    private readonly store: RoomStore,
    readonly room: RoomKey,
    readonly owner: string,
    readonly fence: number,
    /** The record that the claim returned. */
    readonly record: StoredRecord | undefined,
  ) {
    this.#sequence = record?.sequence ?? 0;
  }

  static async claim(store: RoomStore, room: RoomKey, owner = 'a'): Promise<RoomWriter> {
    const { fence, record } = await store.claim(room, owner);
    return new RoomWriter(store, room, owner, fence, record);
  }

  next(change: Change): RoomWrite {
    this.#sequence++;
    return { room: this.room, fence: this.fence, owner: this.owner, sequence: this.#sequence, ...change };
  }

  async commit(change: Change): Promise<WriteOutcome> {
    const [outcome] = await this.store.commit([this.next(change)]);
    return outcome;
  }
}

/** Claims the record to read it. */
export async function readRecord(store: RoomStore, room: RoomKey): Promise<ReadRecord | undefined> {
  const { record } = await store.claim(room, 'reader');
  if (record === undefined) return undefined;
  const parts = Object.entries(record.parts).map(([name, bytes]): [string, string] => [name, toText(bytes)]);
  return {
    parts: Object.fromEntries(parts.sort(([a], [b]) => (a < b ? -1 : 1))),
    log: record.segments.map(({ number, bytes }) => `${number}:${toText(bytes)}`),
    sequence: record.sequence,
  };
}

/** A record in a form that test frameworks can compare and print. */
export interface ReadRecord {
  readonly parts: Readonly<Record<string, string>>;
  readonly log: readonly string[];
  readonly sequence: number;
}

export function toBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

export function segment(number: number, text: string): { number: number; bytes: Uint8Array } {
  return { number, bytes: toBytes(text) };
}
