import 'reflect-metadata';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketModule,
  JamsocketService,
  OnBinary,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';

@JamsocketService('relay')
class RelayRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }

  @OnBinary()
  binary(_client: Client, bytes: Buffer) {
    this.ctx.sendBinary(Broadcast, bytes);
  }
}

@JamsocketService('except')
class ExceptRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(client: Client, text: string) {
    this.ctx.sendMessage(everyoneExcept(client), text);
  }
}

@JamsocketService('echo')
class EchoRoom {
  @OnMessage()
  message(client: Client, text: string) {
    client.sendMessage(text);
  }
}

@JamsocketService('mixed')
class MixedRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(client: Client, text: string) {
    this.ctx.sendMessage(text.startsWith('d') ? client : Broadcast, text);
  }
}

@Module({})
class AppModule {
  static with(providers: Provider[]): DynamicModule {
    return {
      module: AppModule,
      imports: [JamsocketModule.forRoot()],
      providers: [RelayRoom, ExceptRoom, EchoRoom, MixedRoom, ...providers],
    };
  }
}

/** Rooms as the README has them. */
export async function serveOurs(providers: Provider[] = []): Promise<void> {
  const app = await NestFactory.create(AppModule.with(providers), { logger: ['error', 'warn'] });
  await app.listen(Number(process.env.PORT), '127.0.0.1');
  process.stdout.write('ready\n');
}
