import 'reflect-metadata';
import { Module, type DynamicModule, type ModuleMetadata, type Provider } from '@nestjs/common';
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
  type JamsocketOptions,
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

type Imports = NonNullable<ModuleMetadata['imports']>;

@Module({})
class AppModule {
  static with(providers: Provider[], imports: Imports, options: JamsocketOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [JamsocketModule.forRoot(options), ...imports],
      providers: [RelayRoom, ExceptRoom, EchoRoom, MixedRoom, ...providers],
    };
  }
}

/** Rooms like those of the README. */
export async function startOurs(
  providers: Provider[] = [],
  imports: Imports = [],
  options: JamsocketOptions = {},
): Promise<void> {
  const app = await NestFactory.create(AppModule.with(providers, imports, options), { logger: ['error', 'warn'] });
  await app.listen(Number(process.env.PORT), '127.0.0.1');
}

/** The same, and tells its parent process when it is ready. */
export async function serveOurs(...args: Parameters<typeof startOurs>): Promise<void> {
  await startOurs(...args);
  process.stdout.write('ready\n');
}
