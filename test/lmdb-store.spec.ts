import { afterAll, expect, it } from '@jest/globals';
import { open } from 'lmdb';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { describeRoomStore } from 'nestjs-jamsocket/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'jamsocket-lmdb-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeRoomStore('LmdbStore', {
  open: (database) => new LmdbStore({ path: join(folder, database) }),
  damage: async (database, { service, key }) => {
    const environment = open({ path: join(folder, database), overlappingSync: false });
    const db = environment.openDB({ name: 'jamsocket', encoding: 'binary', keyEncoding: 'binary' });
    await db.remove(Buffer.from(`p${service}\0${key}\0base`));
    await environment.close();
  },
});

it('LmdbStore does not describe a database that cannot be opened', async () => {
  writeFileSync(join(folder, 'file'), '');
  const store = new LmdbStore({ path: join(folder, 'file') });
  await expect(store.describe()).rejects.toMatchObject({ code: 'store_failed' });
  await store.close();
});
