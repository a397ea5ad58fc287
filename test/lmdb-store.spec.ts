import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { open } from 'lmdb';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { describeRoomStore } from 'nestjs-jamsocket/testing';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './support/bundle.js';
import { canLimitFiles, keepLock, LmdbElsewhere } from './support/lmdb-elsewhere.js';

const folder = mkdtempSync(join(tmpdir(), 'jamsocket-lmdb-'));
const child = join(folder, 'child.mjs');
beforeAll(() =>
  bundle(join(import.meta.dirname, 'support', 'lmdb-child.ts'), child, { lmdb: 'node_modules/lmdb/node-index.js' }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The last store of each database. */
const stores = new Map<string, LmdbElsewhere>();

describeRoomStore('LmdbStore', {
  open: (database) => {
    const store = new LmdbElsewhere(join(folder, database), child);
    stores.set(database, store);
    return store;
  },
  damage: async (database, { service, key }) => {
    const environment = open({ path: join(folder, database), overlappingSync: false });
    const db = environment.openDB({ name: 'jamsocket', encoding: 'binary', keyEncoding: 'binary' });
    await db.remove(Buffer.from(`p${service}\0${key}\0base`));
    await environment.close();
  },
  faults: {
    refuse: canLimitFiles ? (database) => stores.get(database)!.fillDisk() : undefined,
    hang: (database) => keepLock(child, join(folder, database)),
  },
});

it.each([undefined, {}, { path: '' }, { path: 5 }, { path: 'x', environment: {} }, { environment: {} }])(
  'LmdbStore refuses the options %j',
  (options) => {
    expect(() => new LmdbStore(options as never)).toThrow(
      new TypeError(
        "LmdbStore: pass either path, the folder of its database, such as '.jamsocket', or environment, which your code has opened with lmdb.",
      ),
    );
  },
);

it('LmdbStore does not describe a database that cannot be opened', async () => {
  writeFileSync(join(folder, 'file'), '');
  const store = new LmdbStore({ path: join(folder, 'file') });
  await expect(store.describe()).rejects.toMatchObject({ code: 'store_failed' });
  await store.close();
});

it('LmdbStore is backed up while it is written, as docs/stores.md says', async () => {
  const [live, copy] = [join(folder, 'live'), join(folder, 'copy')];
  const store = new LmdbStore({ path: live });
  const room = { service: 'ledger', key: 'one' };
  const { fence } = await store.claim(room, 'a');
  let sequence = 0;
  const write = () => {
    const bytes = Buffer.from(`${++sequence}`);
    return store.commit([{ room, fence, owner: 'a', sequence, parts: { base: bytes, state: bytes } }]);
  };
  await write();
  mkdirSync(copy);
  const environment = open({ path: live });
  const backup = environment.backup(copy, false);
  for (let writes = 0; writes < 20; writes++) await write();
  await backup;
  await environment.close();
  await store.close();
  const restored = new LmdbStore({ path: copy });
  const { record } = await restored.claim(room, 'b');
  const [base, state] = [record!.parts.base, record!.parts.state].map((bytes) => Buffer.from(bytes).toString());
  expect([base, state]).toEqual([`${record!.sequence}`, `${record!.sequence}`]);
  await restored.close();
});
