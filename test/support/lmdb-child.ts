/* What specs of LMDB run in a process of its own: kill, step, fill, count, hold or serve. */
import { open, type RootDatabase } from 'lmdb';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { RoomWriter } from '../../libs/jamsocket/src/testing/room-store/room-writer.js';
import type { StoreAnswer, StoreCall } from './lmdb-elsewhere.js';
import { execFileSync } from 'node:child_process';
import { readSync, writeSync } from 'node:fs';

const [mode, path, ...rest] = process.argv.slice(2);
const say = (text: string) => writeSync(1, `${text}\n`);
/** As an application opens one, with lmdb's defaults. */
const environment = mode === 'fill' && rest[0] === 'environment' ? open({ path }) : undefined;
const store = new LmdbStore(environment === undefined ? { path } : { environment });

const CRASH_ROOMS = Array.from({ length: 20 }, (_, at) => ({ service: 'crash', key: `room ${at}` }));

/** The content of the room's write of that number: part and segment have the same text. */
function crashChange(sequence: number, size: number) {
  const text = `${sequence}`;
  return {
    parts: { base: Buffer.from(text), state: Buffer.alloc(size, `${text};`) },
    segments: [{ number: sequence, bytes: Buffer.from(text) }],
    keepFrom: Math.max(0, sequence - 5),
    dueAt: sequence,
  };
}

/** Commits in rounds, prints the finished ones, and is killed in the middle of one. */
async function kill(rounds: number, delayMicroseconds: number, size: number): Promise<void> {
  const writers = await Promise.all(CRASH_ROOMS.map((room) => RoomWriter.claim(store, room, `${process.pid}`)));
  const commit = () =>
    store.commit(writers.map((writer) => writer.next(crashChange((writer.record?.sequence ?? 0) + 1 + round, size))));
  let round = 0;
  for (; round < rounds; round++) {
    await commit();
    say(`${(writers[0].record?.sequence ?? 0) + 1 + round}`);
  }
  void commit();
  const end = performance.now() + delayMicroseconds / 1_000;
  const wait = () => (performance.now() < end ? setImmediate(wait) : process.kill(process.pid, 'SIGKILL'));
  setImmediate(wait);
}

/** Commits a room once, and is killed after that many writes to the database; with 0 it prints how many there are. */
async function step(killAfter: number): Promise<void> {
  let writes = 0;
  let isCounting = false;
  const counted = (write: (...args: unknown[]) => unknown, args: unknown[]) => {
    const result = write(...args);
    if (isCounting && ++writes === killAfter) process.kill(process.pid, 'SIGKILL');
    return result;
  };
  const watched = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as (...args: unknown[]) => unknown;
        if (name === 'openDB') return (...args: unknown[]) => watched(method(...args) as object);
        return /^(put|remove)/.test(String(name)) ? (...args: unknown[]) => counted(method, args) : method;
      },
    });
  const environment = open({ path, overlappingSync: false });
  const stepwise = new LmdbStore({ environment: watched<RootDatabase>(environment) });
  const writer = await RoomWriter.claim(stepwise, CRASH_ROOMS[0], `${process.pid}`);
  const change = crashChange((writer.record?.sequence ?? 0) + 1, 10_000);
  isCounting = true;
  await writer.commit(change);
  await stepwise.close();
  await environment.close();
  say(`${writes}`);
}

/** Commits until the disk is full, then makes room and commits the same again. */
async function fill(): Promise<void> {
  const writer = await RoomWriter.claim(store, { service: 'full', key: 'disk' });
  const next = (number: number) =>
    writer.next({ parts: { base: Buffer.from(`${number}`) }, segments: [{ number, bytes: Buffer.alloc(100_000, 1) }] });
  for (let number = 1; ; number++) {
    const write = next(number);
    try {
      await store.commit([write]);
    } catch (error) {
      const { code, cause } = error as { code: string; cause: Error };
      say(`${number} ${code}: ${cause.message}`);
      for (let tries = 0; tries < 3; tries++) await store.commit([write]).catch(() => undefined);
      // An unhandled rejection ends the process in a later tick.
      await new Promise((resolve) => setTimeout(resolve, 50));
      say(`reads ${(await store.list('full', 9)).length}`);
      execFileSync('prlimit', ['--pid', `${process.pid}`, '--fsize=unlimited']);
      say(`retry ${(await store.commit([write])).join()}`);
      const { record } = await store.claim(writer.room, 'reader');
      say(`segments ${record?.segments.length === number} sequence ${record?.sequence === number}`);
      if (environment === undefined) await fillAgain(await RoomWriter.claim(store, writer.room));
      await store.close();
      await environment?.close();
      say('closed');
      return;
    }
  }
}

/** Ends with a commit that failed. */
async function fillAgain(writer: RoomWriter): Promise<void> {
  execFileSync('prlimit', ['--pid', `${process.pid}`, '--fsize=1000000:unlimited']);
  for (let tries = 0; tries < 100; tries++) {
    const change = { segments: [{ number: 1_000 + tries, bytes: Buffer.alloc(100_000, 1) }] };
    const outcome = await store.commit([{ ...writer.next(change) }]).catch(() => 'refused');
    if (outcome !== 'refused') continue;
    say('again refused');
    return;
  }
}

/** Claims a room from other processes again and again, and counts its successful writes. */
async function count(rounds: number): Promise<void> {
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    const writer = await RoomWriter.claim(store, { service: 'shared', key: 'counter' }, `${process.pid}`);
    const next = Number(writer.record === undefined ? 0 : Buffer.from(writer.record.parts.base).toString()) + 1;
    if ((await writer.commit({ parts: { base: Buffer.from(`${next}`) } })) === 'done') done++;
  }
  await store.close();
  say(`${done}`);
}

/** Keeps the lock of the database until its input ends. */
async function hold(): Promise<void> {
  const shared = open({ path, overlappingSync: false });
  shared.transactionSync(() => {
    say('holds');
    readSync(0, Buffer.alloc(1));
  });
  await shared.close();
}

/** Does what the parent process asks of the store, and ends with it. */
function serve(): void {
  const answerTo = async ({ method, args }: StoreCall) => {
    const call = store[method].bind(store) as (...args: readonly unknown[]) => Promise<unknown>;
    const answer = await call(...args).then(
      (value): StoreAnswer => ({ value }),
      ({ code, message }: { code: string; message: string }): StoreAnswer => ({ code, message }),
    );
    process.send!(answer);
  };
  process.on('message', (call: StoreCall) => void answerTo(call));
  process.on('disconnect', () => void store.close());
}

const numbers = rest.map(Number);
if (mode === 'kill') await kill(numbers[0], numbers[1], numbers[2]);
else if (mode === 'step') await step(numbers[0]);
else if (mode === 'fill') await fill();
else if (mode === 'count') await count(numbers[0]);
else if (mode === 'hold') await hold();
else if (mode === 'serve') serve();
