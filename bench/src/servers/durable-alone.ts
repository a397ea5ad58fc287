import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JamsocketModule, JamsocketRooms, JamsocketService, OnMessage, State } from 'nestjs-jamsocket';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMeasuredStore } from '../durable/measured-store.js';
import { heapBytes } from './heap-bytes.js';
import type { AloneFigures } from '../durable/alone.js';

const COUNT = 10_000;
const FIRST = 500;
const isRestored = process.argv[2] === 'restored';
const store = await openMeasuredStore();

@JamsocketService({ shutdown: 'never', durable: store !== undefined && { save: 'turn' as const } })
class IdleRoom {
  @State() private count = 0;

  @OnMessage()
  message() {}

  add() {
    return ++this.count;
  }
}

@Module({})
class AppModule {
  static with(): DynamicModule {
    return {
      module: AppModule,
      imports: [JamsocketModule.forRoot({ store })],
      providers: [IdleRoom],
    };
  }
}

const app = await NestFactory.create(AppModule.with(), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const rooms = app.get(JamsocketRooms);

/** @returns rooms created or restored a second, 64 at a time, as in a storm of connects */
async function callAll(name: string, count: number): Promise<number> {
  const began = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const key = `${name}${next++}`;
      if (!isRestored) await rooms.create(IdleRoom, key);
      await rooms.invoke(IdleRoom, key, 'add');
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  return count / ((performance.now() - began) / 1000);
}

// The first rooms compile code and open the connections of a database, which no further room costs.
await callAll('first', FIRST);
const before = await heapBytes();
const roomsPerSecond = await callAll('room', COUNT);
await sleep(1_000);
const bytesPerRoom = ((await heapBytes()) - before) / COUNT;
const cpu = process.cpuUsage();
await sleep(5_000);
const { user, system } = process.cpuUsage(cpu);
const figures: AloneFigures = { roomsPerSecond, bytesPerRoom, idleCpu: (user + system) / 5e6 };
process.stdout.write(JSON.stringify(figures), () => process.exit(0));
