import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import {
  Broadcast,
  JamsocketContext,
  JamsocketModule,
  JamsocketRooms,
  JamsocketService,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { RedisCluster } from 'nestjs-jamsocket/redis';

const redis = new Redis(process.env.REDIS_URL!, { lazyConnect: true });
const HOUR_MS = 3_600_000;

@JamsocketService('relay')
class RelayRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }
}

@JamsocketService('echo')
class EchoRoom {
  @OnMessage()
  message(client: Client, text: string) {
    client.sendMessage(text);
  }
}

@Module({
  imports: [
    JamsocketModule.forRoot({
      http: true,
      cluster: new RedisCluster({ redis }),
      unjoinedMs: HOUR_MS,
      limits: { maxRooms: 20_000 },
    }),
  ],
  providers: [RelayRoom, EchoRoom],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(Number(process.env.PORT), '127.0.0.1');

// Its parent process can ask for rooms without clients.
process.on('message', ({ rooms }: { rooms: number }) => {
  const service = app.get(JamsocketRooms);
  let next = 0;
  const work = async () => {
    while (next < rooms) await service.create(EchoRoom, `idle-${next++}`);
  };
  const began = performance.now();
  void Promise.all(Array.from({ length: 64 }, work)).then(() => process.send!({ made: performance.now() - began }));
});
process.stdout.write('ready\n');
