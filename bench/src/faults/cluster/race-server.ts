import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import {
  JamsocketContext,
  JamsocketModule,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  type Client,
} from 'nestjs-jamsocket';
import { RedisCluster } from 'nestjs-jamsocket/redis';

// A node whose rooms count themselves, in this process and, to notice twins, in Redis.
const redis = new Redis(process.env.REDIS_URL!);
/** What a node tells its parent process. */
const counts = { connects: 0, disconnects: 0, unpaired: 0, instances: 0, twins: 0 };
const live = new Set<string>();

@JamsocketService('race')
class RaceRoom {
  readonly #present = new Set<number>();

  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  async create() {
    counts.instances++;
    if ((await redis.incr(`race:${this.ctx.roomId}`)) !== 1) counts.twins++;
    live.add(this.ctx.roomId);
  }

  @OnConnect()
  connect(client: Client) {
    counts.connects++;
    if (this.#present.has(client.id)) counts.unpaired++;
    this.#present.add(client.id);
    client.sendMessage('hello');
  }

  @OnDisconnect()
  disconnect(client: Client) {
    counts.disconnects++;
    if (!this.#present.delete(client.id)) counts.unpaired++;
  }

  @OnDestroy()
  async destroy() {
    counts.unpaired += this.#present.size;
    live.delete(this.ctx.roomId);
    await redis.decr(`race:${this.ctx.roomId}`);
  }
}

@Module({
  imports: [
    JamsocketModule.forRoot({
      http: true,
      cluster: new RedisCluster({ redis }),
      unjoinedMs: 1_000,
      limits: { maxConnections: 20_000, maxConnectionsPerIp: 20_000, maxRooms: 20_000 },
    }),
  ],
  providers: [RaceRoom],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('it is ready\n');

process.on('message', ({ close, report }: { close?: string; report?: true }) => {
  if (close !== undefined)
    app
      .get(JamsocketRooms)
      .close(RaceRoom, close, 'raced')
      .catch(() => undefined);
  if (report) process.send!({ report: { ...counts, live: [...live] } });
});
