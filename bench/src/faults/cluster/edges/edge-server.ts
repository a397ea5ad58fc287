import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import {
  Broadcast,
  JamsocketContext,
  JamsocketModule,
  JamsocketService,
  OnConnect,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { RedisCluster } from 'nestjs-jamsocket/redis';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeFigures } from './edge-cluster.js';

// A node that tells how much memory it needs. It runs with --expose-gc.
const redis = new Redis(process.env.REDIS_URL!, { lazyConnect: true });
const HOUR_MS = 3_600_000;
const SLOW_MS = 5;
const SAMPLE_MS = 100;
const GAP_MS = 10;
let clients = 0;
let handled = 0;
let mostRss = 0;
setInterval(() => (mostRss = Math.max(mostRss, process.memoryUsage.rss())), SAMPLE_MS);

class Counting {
  @OnConnect()
  connect() {
    clients++;
  }

  @OnDisconnect()
  disconnect() {
    clients--;
  }
}

@JamsocketService('echo')
class EchoRoom extends Counting {
  @OnMessage()
  message(client: Client, text: string) {
    client.sendMessage(text);
  }
}

/** Takes a while for each message. */
@JamsocketService('slow')
class SlowRoom extends Counting {
  @OnMessage()
  async message() {
    await sleep(SLOW_MS);
    handled++;
  }
}

/** Sends so many bytes a second to all clients, from the message `BYTES` to the message `0`. */
@JamsocketService('stream')
class StreamRoom extends Counting {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly ctx: JamsocketContext) {
    super();
  }

  @OnMessage()
  message(_client: Client, text: string) {
    this.stop();
    const bytes = Buffer.alloc((Number(text) * GAP_MS) / 1_000, 's');
    if (bytes.length > 0) this.#timer = setInterval(() => this.ctx.sendBinary(Broadcast, bytes), GAP_MS);
  }

  @OnDestroy()
  stop() {
    clearInterval(this.#timer);
  }
}

@Module({
  imports: [
    JamsocketModule.forRoot({
      http: true,
      cluster: new RedisCluster({ redis }),
      heartbeat: false,
      unjoinedMs: HOUR_MS,
    }),
  ],
  providers: [EchoRoom, SlowRoom, StreamRoom],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('it is ready\n');

process.on('message', (question) => {
  // Without a garbage collection, which would hold up everyone.
  if (question === 'clients') return void process.send!({ now: clients });
  const most = mostRss;
  // The first one only marks what is outside of the heap: 25 MiB of Buffers without a user stayed until the second (measured).
  global.gc!();
  global.gc!();
  const { heapUsed, external, rss } = process.memoryUsage();
  mostRss = rss;
  const figures: EdgeFigures = { heldBytes: heapUsed + external, rss, mostRss: most, clients, handled };
  process.send!({ figures });
});
