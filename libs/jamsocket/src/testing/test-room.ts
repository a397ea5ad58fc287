import type { INestApplication, Type } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { ServiceDefinitions } from '../discovery/definitions.js';
import { RESOLVED_OPTIONS } from '../http/http-tokens.js';
import type { ResolvedOptions } from '../options/resolved.js';
import { JamsocketRooms } from '../rooms/jamsocket-rooms.js';
import type { RoomName } from '../members/room-address.js';
import { localRoom, type Room } from '../room/room.js';
import { addressNamed, addressOf } from '../rooms/room-name.js';
import { RoomRegistry } from '../rooms/room-registry.js';
import type { JamsocketContext } from '../members/room-context.js';
import { rememberOpen } from './leak-guard.js';
import type { RoomClient, RoomConnectOptions } from './room-client.js';
import type { TestApp } from './test-app.js';
import type { TestHost } from './host/test-host.js';

/** Options of `advance`. */
export interface AdvanceOptions {
  /** Whether to wait for running handlers before time moves on. Default `true`. */
  waitForHandlers?: boolean;
}

/** A room under test, in an application of its own that runs on virtual time. */
export class TestRoom<T extends object = object> {
  #context: JamsocketContext;
  readonly #host: TestHost;
  readonly #path: string;

  private constructor(
    private readonly type: Type<T>,
    host: TestHost,
    context: JamsocketContext,
  ) {
    this.#host = host;
    this.#context = context;
    this.#path = pathOf(host.app.module, type, context.params);
  }

  /** @internal Makes the room, and resolves when its `@OnCreate` has run. */
  static async create<T extends object>(type: Type<T>, host: TestHost, name?: RoomName): Promise<TestRoom<T>> {
    const context = await openIn(host.app, type, name);
    const room = new TestRoom(type, host, context);
    rememberOpen(host, `${type.name} "${context.roomId}"`);
    await host.app.settle();
    return room;
  }

  get #app(): TestApp {
    return this.#host.app;
  }

  /** The application. Its HTTP routes work too, for example with `request(room.app.getHttpServer())` of supertest. */
  get app(): INestApplication {
    return this.#app.app;
  }

  /** The testing module. `room.module.get(ProfanityFilter)` returns a provider. */
  get module(): TestingModule {
    return this.#app.module;
  }

  /** All rooms of the application. */
  get rooms(): JamsocketRooms {
    return this.module.get(JamsocketRooms);
  }

  /** Context of the room's current instance. */
  get context(): JamsocketContext {
    return (this.#context = this.#running?.context ?? this.#context);
  }

  /** Id of the room. */
  get roomId(): string {
    return this.#context.roomId;
  }

  /** The room's current instance of the service class. */
  get service(): T {
    return localRoom(this.context.room).instance!.service as T;
  }

  /** Whether the room runs. An empty room stops according to the option `shutdown`. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get #running(): Room | undefined {
    return runningRoom(this.module, this.type, this.#context.params);
  }

  /** Virtual wall time. `@Cron` uses it; `Date.now()` does not. */
  get now(): Date {
    return this.#app.clock.date;
  }

  /**
   * Connects a client. Resolves when the room's `@OnConnect` has run and its messages have arrived.
   * @throws ConnectRefusedError if a guard or anything else refuses the client, TestTimeoutError without an answer
   */
  connect(options: RoomConnectOptions = {}): Promise<RoomClient> {
    return this.#app.connect(this.#path, options);
  }

  /**
   * Lets virtual time pass. Timers, intervals and cron jobs run in the order in which they are due; each of them runs after
   * the room has finished all work of the previous one.
   * @param ms milliseconds
   * @throws TestTimeoutError if a handler has not finished after the patience (of real time)
   */
  advance(ms: number, { waitForHandlers = true }: AdvanceOptions = {}): Promise<void> {
    return this.#app.advance(ms, waitForHandlers);
  }

  /**
   * Resolves when nothing is under way: all messages have been handled and the replies have arrived. Time does not move.
   * @throws TestTimeoutError if a handler has not finished after the patience (of real time)
   */
  settle(): Promise<void> {
    return this.#app.settle();
  }

  /** Makes another room of the same application, which shares its clock. */
  openRoom<U extends object>(service: Type<U>, room?: RoomName): Promise<TestRoom<U>> {
    return TestRoom.create(service, this.#host, room);
  }

  /**
   * Ends the application with all its rooms as `kill -9` does: connections are cut, no handler runs, unsaved changes are
   * lost. Then starts another application with the same store and restores the room in it, or creates it if it was never
   * saved. Time does not move.
   * @throws any error of the restore
   */
  async crash(): Promise<void> {
    await this.#host.crash();
    await this.#reopen();
  }

  /**
   * Ends the application with all its rooms as SIGTERM does: clients are closed with 1012, durable rooms are saved. Then
   * starts another application with the same store and restores the room in it. Time moves as far as the shutdown needs.
   * @throws LeakError as `close`; any error of the restore
   */
  async restart(): Promise<void> {
    await this.#host.restart();
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    this.#context = await openIn(this.#app, this.type, this.#context.params);
    await this.#app.settle();
  }

  /**
   * Closes the application with all its rooms.
   * @throws LeakError if a handler, or a timer that a room has set, is still running at the end
   */
  async close(): Promise<void> {
    await this.#host.close();
  }

  /** For `await using room = await createTestRoom(…)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function runningRoom(module: TestingModule, type: Type, params: Readonly<Record<string, string>>): Room | undefined {
  const definition = module.get(ServiceDefinitions).byType.get(type)!;
  return module.get(RoomRegistry).get(definition, addressOf(definition, params).key);
}

/** The saved room, or a new one. */
function openIn(app: TestApp, type: Type, name?: RoomName): Promise<JamsocketContext> {
  const failure = `${type.name} was not ready after ${app.patienceMs} ms of real time: @OnCreate or a provider of the room has not finished.`;
  return app.within(async () => (await restoreIn(app, type, name)) ?? createIn(app, type, name), failure);
}

async function createIn(app: TestApp, type: Type, name?: RoomName): Promise<JamsocketContext> {
  const { id, params } = await app.module.get(JamsocketRooms).create(type, name);
  const context = runningRoom(app.module, type, params)?.context;
  if (context === undefined) throw new Error(`${type.name} "${id}" stopped as soon as it was created.`);
  return context;
}

async function restoreIn(app: TestApp, type: Type, name?: RoomName): Promise<JamsocketContext | undefined> {
  const definition = app.module.get(ServiceDefinitions).byType.get(type);
  if (name === undefined || definition === undefined) return undefined;
  const room = await app.registry.reserveSaved(definition, addressNamed(definition, name));
  if (room === undefined) return undefined;
  room.occupancy.expectJoin();
  room.occupancy.release();
  return room.context;
}

/** The path at which clients of the room connect. */
function pathOf(module: TestingModule, type: Type, params: Readonly<Record<string, string>>): string {
  const { path } = module.get<ResolvedOptions>(RESOLVED_OPTIONS);
  const { template } = module.get(ServiceDefinitions).byType.get(type)!;
  const segments = template.segments.map((segment) =>
    segment.startsWith(':') ? encodeURIComponent(params[segment.slice(1)]) : segment,
  );
  return `${path}/${segments.join('/')}`;
}
