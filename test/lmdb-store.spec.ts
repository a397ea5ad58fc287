import { afterAll } from '@jest/globals';
import { open } from 'lmdb';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { describeRoomStore } from 'nestjs-jamsocket/testing';
import { mkdtempSync, rmSync } from 'node:fs';
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
