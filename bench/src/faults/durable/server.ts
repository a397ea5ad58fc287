import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JamsocketModule, JamsocketRooms } from 'nestjs-jamsocket';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore, type StoreAddress } from './open-store.js';
import { EchoRoom, LedgerRoom } from './server-rooms.js';
import { firings, TimerRoom, type ArmOrder } from './timer-room.js';
import { WatchedStore, type StoreMood } from './watched-store.js';

// A server with durable rooms. Its parent process can ask for more than clients can.
const { PORT, STORE, WATCHED, QUIET, GRACE_MS } = process.env;
const { store, end } = await openStore(JSON.parse(STORE!) as StoreAddress);
const watched = new WatchedStore(store, WATCHED ? (news) => process.send!(news) : null);

@Module({
  imports: [
    JamsocketModule.forRoot({
      store: watched,
      shutdownGraceMs: Number(GRACE_MS ?? 5_000),
      limits: { maxRooms: 20_000, maxConnections: 20_000, maxConnectionsPerIp: 20_000 },
    }),
  ],
  providers: [LedgerRoom, EchoRoom, TimerRoom],
})
class AppModule {
  async onApplicationShutdown() {
    // A database that hangs does not close its connections.
    await Promise.race([end(), sleep(1_000, undefined, { ref: false })]);
  }
}

const app = await NestFactory.create(AppModule, { logger: QUIET ? false : ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(Number(PORT), '127.0.0.1');
const startedAt = Date.now();
process.stdout.write('it is ready\n');

interface Order {
  readonly mood?: StoreMood;
  readonly arm?: ArmOrder;
  /** Asks a ledger for its total, as code of the application would. */
  readonly total?: string;
  /** Answers how many timers have fired. */
  readonly fired?: true;
  readonly report?: true;
}

process.on('message', (order: Order) => void obey(order));

async function obey({ mood, arm, total, fired, report }: Order): Promise<void> {
  if (mood !== undefined) watched.mood = mood;
  if (arm !== undefined) process.send!({ armed: await armTimers(arm) });
  if (total !== undefined) process.send!({ total: await totalOf(total) });
  if (fired) process.send!({ fired: firings.length });
  if (report) process.send!({ report: { startedAt, now: Date.now(), firings, most: TimerRoom.mostAtOnce } });
}

async function armTimers({ rooms, prefix, from, spreadMs }: ArmOrder): Promise<number> {
  const service = app.get(JamsocketRooms);
  let next = 0;
  const work = async () => {
    while (next < rooms) {
      const n = next++;
      await service.create(TimerRoom, `${prefix}${n}`);
      await service.invoke(TimerRoom, `${prefix}${n}`, 'arm', from + ((n * 7_919) % spreadMs));
    }
  };
  await Promise.all(Array.from({ length: 64 }, work));
  return rooms;
}

async function totalOf(room: string): Promise<number | string> {
  try {
    return await app.get(JamsocketRooms).invoke(LedgerRoom, room, 'sum');
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}
