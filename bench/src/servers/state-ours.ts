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

/** A key like those of the same state in Colyseus: nine characters for each player. */
const keyOf = ({ id }: Client) => `player${String(id).padStart(3, '0')}`;

const flushIntervalMs = Number(process.env.EVERY_MS);

@JamsocketService('board')
class BoardRoom {
  readonly board = new SharedState<{ players: Record<string, Player> }>({ players: {} });

  @OnMessage('move')
  move(client: Client, to: Player) {
    this.board.change(({ players }) => {
      players[keyOf(client)] = to;
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
  connect(client: Client) {
    client.emit('board', { players: this.players });
  }

  @OnMessage('move')
  move(client: Client, to: Player) {
    this.players[keyOf(client)] = to;
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
