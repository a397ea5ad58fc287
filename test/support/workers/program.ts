/* An application in workers: what test/workers.e2e-spec.ts runs in processes of its own. */
import { Controller, Get, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Broadcast,
  JamsocketCluster,
  JamsocketContext,
  JamsocketHealth,
  JamsocketModule,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnMessage,
  State,
  type Client,
  type JamsocketOptions,
} from 'nestjs-jamsocket';
import { RedisCluster } from 'nestjs-jamsocket/redis';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { startWorkers } from 'nestjs-jamsocket/workers';
import { Redis } from 'ioredis';
import cluster from 'node:cluster';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Witness } from './witness.js';

const { PORT, WORKERS, DATA_DIR, BROKEN_FILE, HOOKS, CRASHES, HAND_OVER, LIMITS, REDIS, TLS, WRITES } = process.env;

@JamsocketService({ path: 'ledger', durable: { save: 'turn' } })
class LedgerRoom {
  @State() private total = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage(`total ${this.total} at ${process.pid}`);
  }

  @OnMessage()
  add(client: Client, text: string) {
    if (text === 'link') return client.sendMessage(client.connection!.constructor.name);
    if (text.startsWith('say ')) return client.sendMessage(text.slice(4));
    if (text === 'crash') process.kill(process.pid, 'SIGKILL');
    this.total += Number(text);
    this.ctx.sendMessage(Broadcast, `it is ${this.total}`);
  }
}

/** Tells which instance of it a client talks to, and notes when it begins and ends. */
@JamsocketService({ path: 'plain' })
class PlainRoom {
  private readonly id = randomUUID();
  private readonly instance = `${this.id} at ${process.pid}`;
  private readonly witness: Witness;

  constructor(ctx: JamsocketContext) {
    this.witness = new Witness(DATA_DIR!, ctx.roomId, this.id);
  }

  @OnCreate()
  begin() {
    this.witness.begins();
  }

  @OnDestroy()
  end() {
    this.witness.ends();
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage(this.instance);
  }

  @OnMessage()
  who(client: Client) {
    client.sendMessage(this.instance);
  }

  name() {
    return this.instance;
  }
}

@Controller()
class PidController {
  constructor(
    private readonly cluster: JamsocketCluster,
    private readonly rooms: JamsocketRooms,
    private readonly health: JamsocketHealth,
  ) {}

  @Get('pid')
  pid() {
    return `${process.pid}`;
  }

  @Get('nodes')
  async nodes() {
    return (await this.cluster.nodes()).map(({ name }) => Number(name.split(':').at(-1)));
  }

  @Get('owner')
  async owner(@Query('room') room: string) {
    return (await this.cluster.ownerOf(LedgerRoom, room)) ?? {};
  }

  @Get('list')
  async list() {
    return (await this.rooms.list()).map(({ id }) => id).sort();
  }

  @Get('health')
  async isHealthy() {
    return (await this.health.isHealthy()).jamsocket;
  }

  @Get('rooms')
  async calls(@Query('room') room: string) {
    const found = await this.rooms.find(PlainRoom, room);
    return { pid: process.pid, found: found?.id, instance: await this.rooms.invoke(PlainRoom, room, 'name') };
  }

  @Get('reload')
  async reload() {
    await workers.reload();
    return {};
  }
}

@Module({
  imports: [
    JamsocketModule.forRoot({
      store: new LmdbStore({ path: DATA_DIR! }),
      cluster: REDIS ? new RedisCluster({ redis: new Redis(Number(REDIS)) }) : undefined,
      limits: JSON.parse(LIMITS ?? '{}') as JamsocketOptions['limits'],
    }),
  ],
  controllers: [PidController],
  providers: [LedgerRoom, PlainRoom],
})
class AppModule {}

/** A commit is under way nearly all the time. */
async function writeForEver(): Promise<never> {
  const store = new LmdbStore({ path: join(DATA_DIR!, `${process.pid}`) });
  const room = { service: 'written', key: 'for ever' };
  const owner = 'this process';
  const { fence } = await store.claim(room, owner);
  for (let sequence = 1; ; sequence++) {
    const parts = { state: Buffer.alloc(100_000, sequence % 256) };
    await store.commit([{ room, fence, owner, sequence, parts }]);
  }
}

async function bootstrap() {
  if (BROKEN_FILE && existsSync(BROKEN_FILE)) throw new Error('the application is broken');
  const app = await NestFactory.create(AppModule, {
    logger: ['error', 'warn'],
    forceCloseConnections: true,
    httpsOptions: TLS
      ? { key: readFileSync(join(TLS, 'key.pem')), cert: readFileSync(join(TLS, 'cert.pem')) }
      : undefined,
  });
  if (HOOKS !== 'off') app.enableShutdownHooks();
  await app.listen(Number(PORT), '127.0.0.1');
  if (WRITES === 'on') void writeForEver();
  if (CRASHES === 'on' && cluster.worker!.id > 1) setTimeout(() => process.exit(7), 50);
  return app;
}

const workers = await startWorkers(bootstrap, { workers: Number(WORKERS), handOver: HAND_OVER !== 'off' });
if (workers.role !== 'worker') process.stdout.write(`${workers.role} is ready\n`);
