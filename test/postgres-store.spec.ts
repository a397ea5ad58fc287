import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresStore, postgresTables } from 'nestjs-jamsocket/postgres';
import { describeRoomStore } from 'nestjs-jamsocket/testing';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import pg from 'pg';
import { codeOf } from './support/code-of.js';
import { findPostgres, hasServer, startPostgres, type TestServer } from './support/servers.js';

const bin = findPostgres();
const describePostgres = hasServer(bin, 'PostgreSQL') ? describe : describe.skip;
const ROOM = { service: 'ledger', key: 'one' };
const part = (text: string) => ({ parts: { base: Buffer.from(text) } });

describePostgres('With a PostgreSQL server', () => {
  let server: TestServer;
  let pool: pg.Pool;
  const connection = () => ({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  beforeAll(async () => {
    server = await startPostgres(bin!);
    pool = new pg.Pool({ ...connection(), max: 5 });
  }, 60_000);
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  describeRoomStore('PostgresStore', {
    open: (prefix) => new PostgresStore({ pool, prefix }),
    faults: {
      refuse: async (prefix) => {
        await pool.query(`ALTER TABLE ${prefix}_parts ADD CONSTRAINT is_full CHECK (false) NOT VALID`);
        return () => pool.query(`ALTER TABLE ${prefix}_parts DROP CONSTRAINT is_full`);
      },
      hang: async (prefix) => {
        const locker = await pool.connect();
        await locker.query('BEGIN');
        await locker.query(`LOCK TABLE ${prefix}_parts IN ACCESS EXCLUSIVE MODE`);
        return async () => {
          await locker.query('COMMIT');
          locker.release();
        };
      },
    },
    damage: async (prefix, { key }) => {
      await pool.query(`DELETE FROM ${prefix}_parts WHERE id = (SELECT id FROM ${prefix}_rooms WHERE key = $1)`, [key]);
    },
  });

  it('says how durable its server is', async () => {
    const store = new PostgresStore({ pool, prefix: 'described' });
    expect(await store.describe()).toMatch(
      /^PostgreSQL 1\d.*: each commit is flushed to disk \(synchronous_commit on\)$/,
    );
    await pool.query('ALTER ROLE postgres SET synchronous_commit = off');
    const fresh = new pg.Pool(connection());
    const other = new PostgresStore({ pool: fresh, prefix: 'described' });
    expect(await other.describe()).toMatch(/: WARNING: .*\(synchronous_commit off\)$/);
    await pool.query('ALTER ROLE postgres RESET synchronous_commit');
    await Promise.all([store.close(), other.close()]);
    await fresh.end();
  });

  it('makes its tables once, though several processes begin together, or leaves that to a migration', async () => {
    const stores = Array.from({ length: 4 }, () => new PostgresStore({ pool, prefix: 'together' }));
    const claims = await Promise.all(stores.map((store) => store.claim(ROOM, 'a')));
    expect(new Set(claims.map(({ fence }) => fence)).size).toBe(4);
    const bare = new PostgresStore({ pool, prefix: 'bare', createTables: false });
    expect(await codeOf(bare.claim(ROOM, 'a'))).toBe('store_failed');
    for (const statement of postgresTables('bare')) await pool.query(statement);
    expect((await bare.claim(ROOM, 'a')).record).toBe(undefined);
    await Promise.all([...stores, bare].map((store) => store.close()));
    expect(() => new PostgresStore({ pool, prefix: 'x; DROP' })).toThrow('prefix "x; DROP" may have');
    expect(() => new PostgresStore({ pool: {} as never })).toThrow('pool must be a Pool');
  });

  it('closes a connection that does not answer, and answers a write that was done meanwhile', async () => {
    const store = new PostgresStore({ pool, prefix: 'slow', timeoutMs: 300 });
    const { fence } = await store.claim(ROOM, 'a');
    const write = { room: ROOM, fence, owner: 'a', sequence: 1, ...part('1') };
    const locker = await pool.connect();
    locker.on('error', () => undefined);
    await locker.query('BEGIN');
    await locker.query('LOCK TABLE slow_parts IN EXCLUSIVE MODE');
    expect(await codeOf(store.commit([write]))).toBe('store_failed');
    // The server still has the first commit: the second waits for it, and must not call the room fenced.
    const patient = new PostgresStore({ pool, prefix: 'slow' });
    const again = patient.commit([write]);
    await untilWaiting(pool, 2);
    await locker.query('COMMIT');
    locker.release();
    expect(await again).toEqual(['done']);
    expect((await patient.claim(ROOM, 'b')).record?.sequence).toBe(1);
    await Promise.all([store.close(), patient.close()]);
  });

  it('is backed up and restored as docs/stores.md says', async () => {
    const store = new PostgresStore({ pool });
    const { fence } = await store.claim(ROOM, 'a');
    await store.commit([{ room: ROOM, fence, owner: 'a', sequence: 1, ...part('1') }]);
    const run = (program: string, args: string[], input?: string) => {
      const to = ['-h', '127.0.0.1', '-p', `${server.port}`, '-U', 'postgres'];
      const { status, stdout, stderr } = spawnSync(join(bin!, program), [...to, ...args], { encoding: 'utf8', input });
      expect([status, stderr]).toEqual([0, '']);
      return stdout;
    };
    const tables = ['jamsocket_rooms', 'jamsocket_parts', 'jamsocket_segments'].flatMap((table) => ['-t', table]);
    const backup = run('pg_dump', [...tables, 'postgres']);
    await store.commit([{ room: ROOM, fence, owner: 'a', sequence: 2, ...part('2') }]);
    await store.close();
    await pool.query('CREATE DATABASE restored');
    run('psql', ['-q', '-v', 'ON_ERROR_STOP=1', 'restored'], backup);
    const restoredPool = new pg.Pool({ ...connection(), database: 'restored' });
    const restored = new PostgresStore({ pool: restoredPool });
    const { record } = await restored.claim(ROOM, 'b');
    expect([record?.sequence, Buffer.from(record!.parts.base).toString()]).toEqual([1, '1']);
    await restored.close();
    await restoredPool.end();
  });

  it('survives connections that the server ends, and loses nothing', async () => {
    const own = new pg.Pool({ ...connection(), application_name: 'ended' });
    const store = new PostgresStore({ pool: own, prefix: 'ended' });
    const { fence } = await store.claim(ROOM, 'a');
    let sequence = 0;
    for (let round = 0; round < 12; round++) {
      const write = { room: ROOM, fence, owner: 'a', sequence: ++sequence, ...part(`${sequence}`) };
      const ended = pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
        'ended',
      ]);
      let outcome = await store.commit([write]).catch(() => undefined);
      await ended.catch(() => undefined);
      for (let tries = 0; outcome === undefined && tries < 20; tries++)
        outcome = await store.commit([write]).catch(() => undefined);
      expect(outcome).toEqual(['done']);
    }
    // The last round may have ended the connection that the pool lends next.
    const { record } = await store.claim(ROOM, 'b').catch(() => store.claim(ROOM, 'b'));
    expect([record?.sequence, Buffer.from(record!.parts.base).toString()]).toEqual([12, '12']);
    await store.close();
    await own.end();
  });

  it('lets the server end connections of the pool after the stores have closed', async () => {
    const own = new pg.Pool({ ...connection(), application_name: 'closed' });
    const stores = Array.from({ length: 100 }, () => new PostgresStore({ pool: own, prefix: 'closed' }));
    await stores[0].describe();
    await Promise.all(stores.map((store) => store.close()));
    expect([own.idleCount, own.listenerCount('error')]).toEqual([1, 1]);
    // Without once() of node:events, which listens to errors itself.
    const removed = new Promise((resolve) => own.once('remove', resolve));
    await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'closed'");
    await removed;
    await own.end();
  });
});

/** Waits for so many statements to be waiting for locks. */
async function untilWaiting(pool: pg.Pool, count: number): Promise<void> {
  const query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  for (let tries = 0; tries < 500; tries++) {
    const { rows } = await pool.query(query);
    if (Number(rows[0].count) >= count) return;
  }
  throw new Error(`Never ${count} statements waited for locks.`);
}
