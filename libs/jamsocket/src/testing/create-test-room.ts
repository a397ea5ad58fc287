import type { DynamicModule, INestApplication, LoggerService, LogLevel, ModuleMetadata, Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { JamsocketModule } from '../jamsocket.module.js';
import type { JamsocketOptions } from '../options/options.js';
import { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import { checkedPatience } from './connect-options.js';
import { forgetOpen } from './leak-guard.js';
import { SeededRandom } from './seeded-random.js';
import { TestApp } from './test-app.js';
import { TestRoom } from './test-room.js';
import { VirtualClock } from './virtual-clock.js';

const DEFAULT_SEED = 1;

export interface TestRoomOptions {
  /** What the room service injects. */
  providers?: ModuleMetadata['providers'];
  imports?: ModuleMetadata['imports'];
  controllers?: ModuleMetadata['controllers'];
  /** Options of the JamsocketModule. */
  options?: JamsocketOptions;
  /**
   * Your own module, instead of one that is made of the service class, `JamsocketModule.forRoot(options)`, `imports`,
   * `controllers` and `providers`. It imports the JamsocketModule and has the service class among its providers.
   */
  module?: Type | DynamicModule;
  /** Default: generated, as the option `roomIds` says, and the same in every run. */
  roomId?: string;
  /** The other parameters of the service's path, if it has any: `{ game: 'chess' }` for `games/:game/:room`. */
  params?: Readonly<Record<string, string>>;
  /** Replaces providers and enhancers: `(module) => module.overrideProvider(Filter).useValue(mild)`. */
  override?: (module: TestingModuleBuilder) => TestingModuleBuilder | void;
  /** Prepares the application as a main.ts does: `(app) => app.useGlobalPipes(new ValidationPipe())`. */
  configure?: (app: INestApplication) => void;
  /** What the wall clock says at the beginning. Default 2000-01-01T00:00:00Z. */
  now?: Date;
  /** Where generated ids and other random numbers begin. Default 1. */
  seed?: number;
  /**
   * Milliseconds of real time to wait for what should come at once; only a failing test waits that long. `Infinity` for a
   * debugger. Default 1,000.
   */
  patienceMs?: number;
  /** Of the application. Default: errors only. */
  logger?: LoggerService | LogLevel[] | false;
  /** The platform, if it is not Express: `new FastifyAdapter()`. */
  adapter?: AbstractHttpAdapter;
}

/**
 * Makes a room in an application of its own, in which only the sockets and the time are not real. Resolves when the
 * room's `@OnCreate` has run. Call `room.close()` at the end.
 * @throws whatever keeps the application from booting or the room from being made
 */
export async function createTestRoom<T extends object>(
  service: Type<T>,
  options: TestRoomOptions = {},
): Promise<TestRoom<T>> {
  const app = await startApp(service, options);
  const { roomId, params } = options;
  const name = params === undefined ? roomId : { ...params, ...(roomId !== undefined && { room: roomId }) };
  try {
    return await TestRoom.create(service, app, name);
  } catch (error) {
    forgetOpen(app);
    await app.close().catch(() => undefined);
    throw error;
  }
}

async function startApp(service: Type, options: TestRoomOptions): Promise<TestApp> {
  const clock = new VirtualClock(options.now);
  const patienceMs = checkedPatience(options.patienceMs);
  const builder = Test.createTestingModule(metadataOf(service, options))
    .overrideProvider(JamsocketClock)
    .useValue(clock)
    .overrideProvider(JamsocketRandom)
    .useValue(new SeededRandom(options.seed ?? DEFAULT_SEED));
  const module = await (options.override?.(builder) ?? builder).compile();
  const { adapter, logger } = options;
  const appOptions = { logger, forceCloseConnections: true };
  const app: INestApplication =
    adapter === undefined
      ? module.createNestApplication(appOptions)
      : module.createNestApplication(adapter, appOptions);
  options.configure?.(app);
  await app.init();
  return new TestApp(app, module, clock, patienceMs);
}

function metadataOf(service: Type, options: TestRoomOptions): ModuleMetadata {
  const { module, imports = [], controllers = [], providers = [] } = options;
  if (module !== undefined) return { imports: [module, ...imports], controllers, providers };
  const own = providers.includes(service) ? [] : [service];
  return {
    imports: [JamsocketModule.forRoot(options.options), ...imports],
    controllers,
    providers: [...own, ...providers],
  };
}
