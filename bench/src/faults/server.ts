import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import {
  Broadcast,
  JamsocketContext,
  JamsocketModule,
  JamsocketRooms,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnDisconnect,
  OnMessage,
  OnTimer,
  type Client,
  type JamsocketOptions,
} from 'nestjs-jamsocket';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from './fault-server.js';

const SLOW_MS = 5;
const TIMER_MS = 60_000;
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const counts = { connects: 0, disconnects: 0, messages: 0, twice: 0, mostBufferedBytes: 0 };

/** Everything to everyone. */
@JamsocketService('relay')
class RelayRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
    counts.messages++;
    for (const { bufferedBytes } of this.ctx.clients.values()) {
      if (bufferedBytes > counts.mostBufferedBytes) counts.mostBufferedBytes = bufferedBytes;
    }
  }
}

/** Back to the sender. */
@JamsocketService('echo')
class EchoRoom {
  @OnMessage()
  message(client: Client, text: string) {
    client.sendMessage(text);
  }

  @OnBinary()
  binary(client: Client, bytes: Buffer) {
    client.sendBinary(bytes);
  }
}

/** Takes a while for each message. */
@JamsocketService('slow')
class SlowRoom {
  @OnMessage()
  async message() {
    await sleep(SLOW_MS);
    counts.messages++;
  }
}

/** Counts who comes and goes, and keeps a timer. */
@JamsocketService('journal')
class JournalRoom {
  private readonly here = new Set<number>();

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    if (this.here.has(client.id)) counts.twice++;
    this.here.add(client.id);
    counts.connects++;
    this.ctx.setTimer(TIMER_MS);
    client.sendMessage('welcome');
  }

  @OnDisconnect()
  disconnect(client: Client) {
    if (!this.here.delete(client.id)) counts.twice++;
    counts.disconnects++;
  }

  @OnTimer()
  ring() {}
}

@Controller()
class FiguresController {
  constructor(
    private readonly rooms: JamsocketRooms,
    private readonly schedule: SchedulerRegistry,
  ) {}

  /** After garbage collection, so that only what is held counts. */
  @Get('figures')
  async figures(): Promise<Figures> {
    for (let round = 0; round < 3; round++) {
      await sleep(10);
      globalThis.gc!();
    }
    const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
    const rooms = this.rooms.list();
    const longestDelayMs = delay.max / 1e6;
    delay.reset();
    return {
      heapBytes: heapUsed,
      rssBytes: rss,
      externalBytes: external + arrayBuffers,
      rooms: rooms.length,
      clients: rooms.reduce((sum, { clients }) => sum + clients.size, 0),
      timers: this.schedule.getTimeouts().length,
      handles: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
      longestDelayMs,
      ...counts,
    };
  }
}

@Module({
  imports: [
    ScheduleModule.forRoot(),
    JamsocketModule.forRoot(JSON.parse(process.env.OPTIONS ?? '{}') as JamsocketOptions),
  ],
  controllers: [FiguresController],
  providers: [RelayRoom, EchoRoom, SlowRoom, JournalRoom],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
