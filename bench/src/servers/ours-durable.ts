import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Broadcast,
  JamsocketContext,
  JamsocketModule,
  JamsocketObservers,
  JamsocketService,
  OnMessage,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { openMeasuredStore } from '../durable/measured-store.js';
import { Latencies } from '../load/latencies.js';

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

// Asked with a signal, between two measurements.
const gate = new Latencies();
process.on('SIGUSR2', () => {
  const [p50Ms, p99Ms] = gate.percentiles(0.5, 0.99);
  process.stdout.write(`gate ${JSON.stringify({ p50Ms, p99Ms })}\n`);
  gate.clear();
});

const app = await NestFactory.create(AppModule, { logger: ['error'] });
app.get(JamsocketObservers).add({ gatePassed: (_room, waitedMs) => gate.add(waitedMs * 1_000) });
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
