import type { RoomStore } from 'nestjs-jamsocket';
import { setTimeout as sleep } from 'node:timers/promises';
import { exactly, type Fault, type Row } from '../fault.js';
import { openDatabase, STORE_TITLES, type Database } from './databases.js';
import { LedgerClient } from './ledger-client.js';
import { withStore, type StoreKind } from './open-store.js';
import { PlainClient } from './plain-client.js';
import type { Victim } from './victim.js';
import { serverWith } from './victims.js';

const ROOM = { service: 'ledger', key: 'hurt' };
const LOOK_MS = 600;
const REFUSED = '503 room_unreadable';

/** Damage that makes a record unreadable, and its repair. */
interface Damage {
  readonly name: string;
  /** @returns what repairs it */
  apply(database: Database): Promise<() => Promise<void>>;
  /** Environment of the process that finds the damage. */
  readonly env?: NodeJS.ProcessEnv;
}

const garbage: Damage = {
  name: 'a record with bytes of something else',
  apply: async ({ address }) => {
    const original = await replaceBase(address, Buffer.from('no record at all'));
    return async () => void (await replaceBase(address, original));
  },
};

const missing: Damage = {
  name: 'a record without one of its parts',
  apply: async ({ address }) => {
    const change = async (action: (db: RawDatabase) => Promise<unknown>) => {
      const environment = (await import('lmdb')).open({ path: address.at, overlappingSync: false });
      const options = { name: 'jamsocket', encoding: 'binary', keyEncoding: 'binary' } as const;
      await action(environment.openDB<Buffer, Buffer>(options));
      await environment.close();
    };
    const key = Buffer.from(`p${ROOM.service}\0${ROOM.key}\0base`);
    let bytes: Buffer = Buffer.alloc(0);
    await change((db) => {
      bytes = Buffer.from(db.get(key)!);
      return db.remove(key);
    });
    return () => change((db) => db.put(key, bytes));
  },
};

/** The records do not change: the class is older than they are. */
const olderClass: Damage = {
  name: 'a class with a lower version',
  apply: () => Promise.resolve(() => Promise.resolve()),
  env: { VERSION: '1' },
};

interface RawDatabase {
  get(key: Buffer): Buffer | undefined;
  put(key: Buffer, bytes: Buffer): Promise<unknown>;
  remove(key: Buffer): Promise<unknown>;
}

export function unreadableOn(kind: StoreKind): Fault {
  const damages = [garbage, olderClass, ...(kind === 'lmdb' ? [missing] : [])];
  return {
    name: `unreadable-${kind}`,
    title: `A record that cannot be read, ${STORE_TITLES[kind]}`,
    run: async () => {
      const rows: Row[] = [];
      for (const damage of damages) rows.push(...(await meetDamage(kind, damage)));
      return rows;
    },
  };
}

async function meetDamage(kind: StoreKind, damage: Damage): Promise<Row[]> {
  const database = await openDatabase(kind);
  const server = await serverWith(database, { VERSION: '2' });
  const client = new LedgerClient('stayer', ROOM.key, () => server.port);
  try {
    await server.start();
    await client.room.opened;
    for (let n = 1; n <= 5; n++) client.add(n);
    while (client.waiting > 0) await sleep(5);
    await server.kill('SIGTERM');
    const repair = await damage.apply(database);
    const before = await textOf(database);
    await server.start(damage.env);
    const answers = await answersOf(server, client);
    await server.kill('SIGTERM');
    const after = await textOf(database);
    await repair();
    await server.start();
    const restored = await whatIsThere(server, client);
    return [
      exactly(`${damage.name}: a connect, an invoke, the client that was in it`, answers, expectedAnswers),
      exactly(
        `${damage.name}: what was saved, afterwards`,
        before === after ? 'the same bytes' : 'changed',
        'the same bytes',
      ),
      exactly(`${damage.name}: when it is put right`, restored, 'total 15, resumed as the same client'),
    ];
  } finally {
    client.close();
    await server.stop();
    await database.stop();
  }
}

const expectedAnswers = `${REFUSED}; room_unreadable; 1013 room_unreadable`;

async function answersOf(server: Victim, client: LedgerClient): Promise<string> {
  const connect = await PlainClient.connect(server.url(`ledger/${ROOM.key}`));
  const total = server.answer<number | string>('total');
  server.send({ total: ROOM.key });
  const invoke = await total;
  await sleep(LOOK_MS);
  const { connection: state } = client.room;
  const resuming = state.status === 'reconnecting' ? `${state.code} ${state.reason}` : state.status;
  return `${typeof connect === 'string' ? connect : 'let in'}; ${invoke}; ${resuming}`;
}

async function whatIsThere(server: Victim, client: LedgerClient): Promise<string> {
  const total = server.answer<number | string>('total');
  server.send({ total: ROOM.key });
  const sum = await total;
  const deadline = performance.now() + 20_000;
  while (!client.isOpen && performance.now() < deadline) await sleep(20);
  const isSame = client.isOpen && client.anew === 0 && client.ids.size === 1;
  return `total ${sum}, ${isSame ? 'resumed as the same client' : `not resumed: ${client.lost} ${client.room.status}`}`;
}

/** Replaces the bytes of a part, through the store. @returns the original bytes */
function replaceBase(address: Database['address'], bytes: Uint8Array): Promise<Uint8Array> {
  return withStore(address, async (store) => {
    const { fence, record } = await store.claim(ROOM, 'vandal');
    const write = { room: ROOM, fence, owner: 'vandal', sequence: record!.sequence + 1, parts: { base: bytes } };
    const [outcome] = await store.commit([{ ...write, isRelease: true }]);
    if (outcome !== 'done') throw new Error('The record could not be damaged.');
    return record!.parts.base;
  });
}

/** The record as text, or the error of reading it. */
function textOf({ address }: Database): Promise<string> {
  return withStore(address, async (store: RoomStore) => {
    try {
      const { record } = await store.claim(ROOM, 'reader');
      const { parts, segments, sequence } = record!;
      const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
      const all = Object.entries(parts)
        .sort()
        .map(([name, bytes]) => [name, hex(bytes)]);
      return JSON.stringify([sequence, all, segments.map(({ number, bytes }) => [number, hex(bytes)])]);
    } catch (error) {
      return String(error);
    }
  });
}
