import type { Claim, ClaimRequest, RoomKey, RoomWrite, WriteOutcome } from '../store/room-store.js';
import { StoreError } from '../store/store-error.js';
import { claimValues, commitValues, idOf, proofOf } from './commit-values.js';
import type { PostgresClient } from './postgres-pool.js';
import type { PostgresSql } from './postgres-sql.js';

interface Head {
  readonly id: Buffer;
  readonly service: string;
  readonly key: string;
  readonly fence: string;
  readonly sequence: string;
  readonly has_parts: boolean;
  readonly was_released: boolean;
}

interface Row {
  readonly id: Buffer;
  readonly name: string;
  readonly number: string;
  readonly bytes: Buffer;
}

/** What was found, and whether the rooms are claimed now. */
interface Claimed {
  readonly found: readonly (Claim | StoreError)[];
  readonly isClaimed: boolean;
}

/** Reads and writes records on a given connection. */
export class PostgresRecords {
  constructor(private readonly sql: PostgresSql) {}

  /**
   * The rows are locked until the transaction ends, so there is no write between a claim and its read. If a record cannot be
   * read, nothing is claimed.
   */
  async claim(client: PostgresClient, claims: readonly ClaimRequest[]): Promise<Claimed> {
    await client.query('BEGIN');
    const { rows: heads } = await client.query(this.sql.claim, claimValues(claims));
    const byRoom = new Map((heads as Head[]).map((head) => [idText(head.id), head]));
    const ids = (heads as Head[]).filter(({ has_parts }) => has_parts).map(({ id }) => id);
    const [parts, segments] = [await this.#rowsOf(client, 'parts', ids), await this.#rowsOf(client, 'segments', ids)];
    const found = claims.map(({ room }) => {
      const id = idText(idOf(room));
      return claimOf(room, byRoom.get(id)!, parts.get(id), segments.get(id));
    });
    const isReadable = found.every((claim) => !(claim instanceof StoreError));
    await client.query(isReadable ? 'COMMIT' : 'ROLLBACK');
    return { found, isClaimed: isReadable };
  }

  async has(client: PostgresClient, room: RoomKey): Promise<boolean> {
    return (await client.query(this.sql.has, [idOf(room), room.service, room.key])).rows.length > 0;
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

  async #rowsOf(
    client: PostgresClient,
    what: 'parts' | 'segments',
    ids: readonly Buffer[],
  ): Promise<Map<string, Row[]>> {
    const found = new Map<string, Row[]>();
    if (ids.length === 0) return found;
    for (const row of (await client.query(this.sql[what], [ids])).rows as Row[]) {
      const id = idText(row.id);
      const rows = found.get(id);
      if (rows === undefined) found.set(id, [row]);
      else rows.push(row);
    }
    return found;
  }
}

function claimOf(
  room: RoomKey,
  head: Head,
  parts: readonly Row[] = [],
  segments: readonly Row[] = [],
): Claim | StoreError {
  if (head.service !== room.service || head.key !== room.key)
    return unreadable(room, 'its row belongs to another room');
  const fence = Number(head.fence);
  if (!head.has_parts) return { fence, record: undefined };
  if (parts.length === 0) return unreadable(room, 'its parts are missing');
  const record = {
    parts: Object.fromEntries(parts.map(({ name, bytes }) => [name, new Uint8Array(bytes)])),
    segments: segments.map(({ number, bytes }) => ({ number: Number(number), bytes: new Uint8Array(bytes) })),
    sequence: Number(head.sequence),
    isReleased: head.was_released,
  };
  return { fence, record };
}

function idText(id: Buffer): string {
  return id.toString('latin1');
}

function positionsOf(rows: readonly unknown[]): Set<number> {
  return new Set((rows as { place: string }[]).map(({ place }) => Number(place)));
}

function unreadable({ service, key }: RoomKey, why: string): StoreError {
  const name = `room ${JSON.stringify(key)} of ${JSON.stringify(service)}`;
  return new StoreError('record_unreadable', `The record of ${name} cannot be read: ${why}.`);
}
