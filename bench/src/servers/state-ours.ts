import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Broadcast,
  JamsocketContext,
  JamsocketModule,
  JamsocketService,
  OnConnect,
  OnMessage,
  SharedState,
  type Client,
} from 'nestjs-jamsocket';

interface Player {
  x: number;
  y: number;
}

/** A key like those of the same state in Colyseus, which are there when a client comes: nine characters for each player. */
interface Keyed {
  key: string;
}

const keyed = ({ id }: Client): Keyed => ({ key: `player${String(id).padStart(3, '0')}` });

const flushIntervalMs = Number(process.env.EVERY_MS);

@JamsocketService('board')
class BoardRoom {
  readonly board = new SharedState<{ players: Record<string, Player> }>({ players: {} });

  @OnConnect()
  connect(client: Client<Keyed>) {
    client.data = keyed(client);
  }

  @OnMessage('move')
  move({ data: { key } }: Client<Keyed>, to: Player) {
    this.board.change(({ players }) => {
      players[key] = to;
    });
  }
}

/** Sends the whole value, as applications do that write it by hand: once in the same time, whatever has changed. */
@JamsocketService('whole')
class WholeRoom {
  readonly players: Record<string, Player> = {};
  #isScheduled = false;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client<Keyed>) {
    client.data = keyed(client);
    client.emit('board', { players: this.players });
  }

  @OnMessage('move')
  move({ data: { key } }: Client<Keyed>, to: Player) {
    this.players[key] = to;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      this.ctx.emit(Broadcast, 'board', { players: this.players });
    }, flushIntervalMs);
  }
}

@Module({ imports: [JamsocketModule.forRoot({ flushIntervalMs })], providers: [BoardRoom, WholeRoom] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
