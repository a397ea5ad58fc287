import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import {
  JamsocketContext,
  JamsocketModule,
  JamsocketRooms,
  JamsocketService,
  OnMessage,
  OnTimer,
} from 'nestjs-jamsocket';
import { setTimeout as sleep } from 'node:timers/promises';
import { heapBytes } from './heap-bytes.js';
import type { OwnFigures } from '../own.js';

const COUNT = 100_000;
const FAR_MS = 3_600_000;
const IDLE_SECONDS = 15;

@JamsocketService({ shutdown: 'never' })
class IdleRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message() {}

  @OnTimer()
  ring() {}

  setFarTimer() {
    this.ctx.setTimer(FAR_MS);
  }
}

@Module({ imports: [ScheduleModule.forRoot(), JamsocketModule.forRoot()], providers: [IdleRoom] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');
const rooms = app.get(JamsocketRooms);

/** Part of a core that the idle process uses: the median of several seconds, since V8 cleans up for a while. */
async function idleCpu(): Promise<number> {
  const seconds: number[] = [];
  while (seconds.length < IDLE_SECONDS) {
    const before = process.cpuUsage();
    await sleep(1_000);
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
  }
  return seconds.sort((a, b) => a - b)[Math.floor(IDLE_SECONDS / 2)];
}

async function makeAndClose(count: number): Promise<void> {
  for (let made = 0; made < count; made++) {
    await rooms.create(IdleRoom, `passing${made}`);
    await rooms.close(IdleRoom, `passing${made}`);
  }
}

await makeAndClose(5_000);
const began = performance.now();
await makeAndClose(20_000);
const roomsPerSecond = 20_000 / ((performance.now() - began) / 1000);

const before = await heapBytes();
for (let made = 0; made < COUNT; made++) await rooms.create(IdleRoom, `room${made}`);
const withRooms = await heapBytes();
const idleCpuWithoutTimers = await idleCpu();
for (let made = 0; made < COUNT; made++) await rooms.invoke(IdleRoom, `room${made}`, 'setFarTimer');
const withTimers = await heapBytes();
const figures: OwnFigures = {
  bytesPerRoom: (withRooms - before) / COUNT,
  roomsPerSecond,
  bytesPerTimer: (withTimers - withRooms) / COUNT,
  idleCpuWithTimers: await idleCpu(),
  idleCpuWithoutTimers,
};
process.stdout.write(JSON.stringify(figures), () => process.exit(0));
