import { firstFence } from '../store/first-fence.js';
import type { Claim, RoomKey, RoomWrite, StoredRecord, WriteOutcome } from '../store/room-store.js';
import { StoreError } from '../store/store-error.js';
import { commitValues, idOf, proofOf } from './commit-values.js';
import type { PostgresClient } from './postgres-pool.js';
import type { PostgresSql } from './postgres-sql.js';

interface Head {
  readonly service: string;
  readonly key: string;
  readonly fence: string;
  readonly sequence: string;
  readonly has_parts: boolean;
}

/** Reads and writes records on a given connection. */
export class PostgresRecords {
  constructor(private readonly sql: PostgresSql) {}

  /** The row is locked until the transaction ends, so there is no write between the claim and the read. */
  async claim(client: PostgresClient, room: RoomKey, owner: string, minFence: number): Promise<Claim> {
    const id = idOf(room);
    await client.query('BEGIN');
    const values = [id, room.service, room.key, firstFence(minFence), owner, minFence];
    const { rows } = await client.query(this.sql.claim, values);
    const [head] = rows as Head[];
    const record = await this.#read(client, room, id, head).catch(async (error: unknown) => {
      if (error instanceof StoreError) await client.query('ROLLBACK');
      throw error;
    });
    await client.query('COMMIT');
    return { fence: Number(head.fence), record };
  }

  async commit(client: PostgresClient, writes: readonly RoomWrite[]): Promise<WriteOutcome[]> {
    const done = positionsOf((await client.query(this.sql.commit, commitValues(writes))).rows);
    if (done.size < writes.length) {
      // Refused, or done before? A separate statement finds out: it sees commits that the first one waited for.
      for (const position of positionsOf((await client.query(this.sql.written, proofOf(writes))).rows))
        done.add(position);
    }
    return writes.map((_, at) => (done.has(at + 1) ? 'done' : 'fenced'));
  }

  async #read(client: PostgresClient, room: RoomKey, id: Buffer, head: Head): Promise<StoredRecord | undefined> {
    if (head.service !== room.service || head.key !== room.key)
      throw unreadable(room, 'its row belongs to another room');
    if (!head.has_parts) return undefined;
    const { rows: parts } = await client.query(this.sql.parts, [id]);
    if (parts.length === 0) throw unreadable(room, 'its parts are missing');
    const { rows: segments } = await client.query(this.sql.segments, [id]);
    return {
      parts: Object.fromEntries(
        (parts as { name: string; bytes: Buffer }[]).map(({ name, bytes }) => [name, new Uint8Array(bytes)]),
      ),
      segments: (segments as { number: string; bytes: Buffer }[]).map(({ number, bytes }) => ({
        number: Number(number),
        bytes: new Uint8Array(bytes),
      })),
      sequence: Number(head.sequence),
    };
  }
}

function positionsOf(rows: readonly unknown[]): Set<number> {
  return new Set((rows as { place: string }[]).map(({ place }) => Number(place)));
}

function unreadable({ service, key }: RoomKey, why: string): StoreError {
  const name = `room ${JSON.stringify(key)} of ${JSON.stringify(service)}`;
  return new StoreError('record_unreadable', `The record of ${name} cannot be read: ${why}.`);
}
