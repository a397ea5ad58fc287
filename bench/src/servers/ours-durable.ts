import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Broadcast,
  JamsocketContext,
  JamsocketModule,
  JamsocketService,
  OnMessage,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { openMeasuredStore } from '../durable/measured-store.js';

const save = process.env.SAVE === 'turn' ? ('turn' as const) : { everyMs: 1_000 };
const store = await openMeasuredStore();
const durable = store !== undefined && { save };

/** Each message changes what is saved: a room that does not change is not written. */
@JamsocketService({ path: 'relay', durable })
class RelayRoom {
  @State() private count = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(_client: Client, text: string) {
    this.count++;
    this.ctx.sendMessage(Broadcast, text);
  }
}

@JamsocketService({ path: 'echo', durable })
class EchoRoom {
  @State() private count = 0;

  @OnMessage()
  message(client: Client, text: string) {
    this.count++;
    client.sendMessage(text);
  }
}

@Module({ imports: [JamsocketModule.forRoot({ store })], providers: [RelayRoom, EchoRoom] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
