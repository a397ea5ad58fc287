import type { DynamicModule, INestApplication, LoggerService, LogLevel, ModuleMetadata, Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { serviceMetadataOf, stateFieldsOf } from '../decorators/metadata-accessor.js';
import { Durability, DURABILITY } from '../durable/durability.js';
import { RESOLVED_OPTIONS } from '../http/http-tokens.js';
import { JamsocketModule } from '../jamsocket.module.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import type { JamsocketOptions } from '../options/options.js';
import type { ResolvedOptions } from '../options/resolved.js';
import { assertOptionNames } from '../base/checks/option-mistake.js';
import { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import { Waker } from '../rooms/waker.js';
import { MemoryStore } from '../store/memory-store.js';
import type { RoomStore } from '../store/room-store.js';
import { checkedPatience } from './connect-options.js';
import { ProcessStore } from './host/process-store.js';
import { SeededRandom } from './seeded-random.js';
import { TestApp } from './test-app.js';
import { TestHost } from './host/test-host.js';
import { TestRoom } from './test-room.js';
import { VirtualClock } from './time/virtual-clock.js';

const DEFAULT_SEED = 1;

/** Options of `createTestRoom`. */
export interface TestRoomOptions {
  /** What the room service injects. */
  providers?: ModuleMetadata['providers'];
  imports?: ModuleMetadata['imports'];
  controllers?: ModuleMetadata['controllers'];
  /** Options of the JamsocketModule. */
  options?: JamsocketOptions;
  /** Where durable rooms are kept. It is closed with the last room. Default: a new `MemoryStore` if the class is durable. */
  store?: RoomStore;
  /**
   * Your own module, which imports the JamsocketModule and provides the service class. Default: a module with the service
   * class, `JamsocketModule.forRoot(options)`, `imports`, `controllers` and `providers`.
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
   * debugger. Default 3,000.
   */
  patienceMs?: number;
  /** Of the application. Default: errors only. */
  logger?: LoggerService | LogLevel[] | false;
  /** The platform, if it is not Express: `new FastifyAdapter()`. */
  adapter?: AbstractHttpAdapter;
}

const OPTION_NAMES = [
  'providers',
  'imports',
  'controllers',
  'options',
  'store',
  'module',
  'roomId',
  'params',
  'override',
  'configure',
  'now',
  'seed',
  'patienceMs',
  'logger',
  'adapter',
] as const satisfies readonly (keyof TestRoomOptions)[];

/**
 * Makes a room in an application of its own, in which only the sockets and the time are simulated. Resolves when the
 * room's `@OnCreate` has run. Call `room.close()` at the end.
 * @throws TypeError for an unknown option, and whatever keeps the application from booting or the room from being made
 */
export async function createTestRoom<T extends object>(
  service: Type<T>,
  options: TestRoomOptions = {},
): Promise<TestRoom<T>> {
  assertOptionNames('createTestRoom', options, OPTION_NAMES);
  const clock = new VirtualClock(options.now);
  const random = new SeededRandom(options.seed ?? DEFAULT_SEED);
  const whole = { ...options, options: withStore(service, options) };
  const boot = () => startApp(service, whole, clock, random);
  const host = new TestHost(await boot(), boot);
  const { roomId, params } = options;
  const name = params === undefined ? roomId : { ...params, ...(roomId !== undefined && { room: roomId }) };
  try {
    return await TestRoom.create(service, host, name);
  } catch (error) {
    await host.close().catch(() => undefined);
    throw error;
  }
}

/** @throws Error if both `store` and `module` are given */
function withStore(service: Type, { module, options, store }: TestRoomOptions): JamsocketOptions | undefined {
  if (store !== undefined) {
    if (module === undefined) return { ...options, store };
    throw new Error('With the option module, pass the store to the JamsocketModule that it imports.');
  }
  const { durable } = serviceMetadataOf(service)?.options ?? {};
  const isDurable = durable ?? options?.durable ?? stateFieldsOf(service.prototype as object).length > 0;
  return isDurable && options?.store === undefined ? { ...options, store: new MemoryStore() } : options;
}

async function startApp(
  service: Type,
  options: TestRoomOptions,
  clock: VirtualClock,
  random: SeededRandom,
): Promise<TestApp> {
  const patienceMs = checkedPatience(options.patienceMs);
  let store: ProcessStore | null = null;
  const durability = ({ store: shared }: ResolvedOptions, observers: JamsocketObservers) => {
    if (shared === undefined) return null;
    store = new ProcessStore(shared);
    return new Durability(store, clock, random, observers);
  };
  const builder = Test.createTestingModule(metadataOf(service, options))
    .overrideProvider(JamsocketClock)
    .useValue(clock)
    .overrideProvider(JamsocketRandom)
    .useValue(random)
    .overrideProvider(DURABILITY)
    .useFactory({ factory: durability, inject: [RESOLVED_OPTIONS, JamsocketObservers] });
  const module = await (options.override?.(builder) ?? builder).compile();
  const waker = module.get<Waker | null>(Waker);
  if (waker !== null) waker.isByHand = true;
  const { adapter, logger } = options;
  const appOptions = { logger, forceCloseConnections: true };
  const app: INestApplication =
    adapter === undefined
      ? module.createNestApplication(appOptions)
      : module.createNestApplication(adapter, appOptions);
  options.configure?.(app);
  await app.init();
  return new TestApp(app, module, clock, patienceMs, store);
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
