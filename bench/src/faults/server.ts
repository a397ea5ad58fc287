import 'reflect-metadata';
import { Controller, Get, Module, type OnApplicationShutdown } from '@nestjs/common';
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
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnTimer,
  type Client,
  type JamsocketOptions,
} from 'nestjs-jamsocket';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { counts, mixed } from './counts.js';
import type { Figures } from './fault-server.js';
import { MixedRoom } from './mixed-room.js';
import { ACCEPTED } from './upgrade.js';

const SLOW_MS = 5;
const TIMER_MS = 60_000;
const STOPPING_MS = 2;
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let echoRooms = 0;
const echo = { echoes: 0, mostEchoRooms: 0 };

/** Sends every message to everyone. */
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

  /** Sends binary messages back to the sender only. */
  @OnBinary()
  binary(client: Client, bytes: Buffer) {
    client.sendBinary(bytes);
  }
}

/** Sends every message back to its sender. */
@JamsocketService('echo')
class EchoRoom {
  constructor() {
    echo.mostEchoRooms = Math.max(echo.mostEchoRooms, ++echoRooms);
  }

  @OnMessage()
  message(client: Client, text: string) {
    if (client.isConnected) echo.echoes++;
    client.sendMessage(text);
  }

  @OnDestroy()
  destroy() {
    echoRooms--;
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

/** Rooms that have stopped in the current phase of the event loop's tick. */
const justStopped = new Set<string>();

/** Counts joins and leaves, has a timer, and takes a moment to stop, during which joins have to wait. */
@JamsocketService('journal')
class JournalRoom {
  private readonly here = new Set<number>();

  constructor(private readonly ctx: JamsocketContext) {
    if (justStopped.has(ctx.roomId)) counts.successors++;
  }

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

  @OnDestroy()
  async destroy() {
    await sleep(STOPPING_MS);
    const { roomId } = this.ctx;
    justStopped.add(roomId);
    // Promises settle before this, so a room that is made until then was waited for.
    process.nextTick(() => justStopped.delete(roomId));
  }
}

@Controller()
class FiguresController implements OnApplicationShutdown {
  constructor(
    private readonly rooms: JamsocketRooms,
    private readonly schedule: SchedulerRegistry,
  ) {}

  /** Collects garbage first, so that only used memory counts. */
  @Get('figures')
  async figures(): Promise<Figures> {
    for (let round = 0; round < 3; round++) {
      await sleep(10);
      globalThis.gc!();
    }
    // Memory outside the heap is freed in parallel to a collection. The next collection waits for that.
    globalThis.gc!();
    const { heapUsed, rss, external } = process.memoryUsage();
    const rooms = this.rooms.localRooms();
    const clients = rooms.flatMap((room) => [...room.clients.values()]);
    const longestDelayMs = delay.max / 1e6;
    delay.reset();
    return {
      heapBytes: heapUsed,
      rssBytes: rss,
      externalBytes: external,
      rooms: rooms.length,
      clients: clients.length,
      timers: this.schedule.getTimeouts().length,
      handles: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
      longestDelayMs,
      bufferedBytes: clients.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0),
      nodeTimers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
      ...counts,
      ...echo,
      mixed,
    };
  }

  /** Prints the last figures when all connections are closed. */
  onApplicationShutdown(): void {
    process.stdout.write(`echoes ${echo.echoes}\n`);
  }
}

@Module({
  imports: [
    ScheduleModule.forRoot(),
    JamsocketModule.forRoot(JSON.parse(process.env.OPTIONS ?? '{}') as JamsocketOptions),
  ],
  controllers: [FiguresController],
  providers: [RelayRoom, EchoRoom, SlowRoom, JournalRoom, MixedRoom],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: process.env.QUIET ? false : ['error'] });
app.enableShutdownHooks();
// Counted at the server, since a client that has already left never reads its 101.
(app.getHttpServer() as Server).on('connection', countUpgrade);
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');

/** Checks the first write to the socket. */
function countUpgrade(socket: Socket): void {
  const write = Reflect.get(socket, 'write') as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]) => {
    socket.write = write as Socket['write'];
    if (String(args[0]).startsWith(ACCEPTED)) counts.upgrades++;
    return Reflect.apply(write, socket, args) as boolean;
  };
}
