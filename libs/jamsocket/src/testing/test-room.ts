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

export interface AdvanceOptions {
  /** Before time moves on, the handlers that run are waited for. Default `true`. */
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

  /** The application: its HTTP routes answer too, to `request(room.app.getHttpServer())` of supertest for one. */
  get app(): INestApplication {
    return this.#app.app;
  }

  /** To get providers from: `room.module.get(ProfanityFilter)`. */
  get module(): TestingModule {
    return this.#app.module;
  }

  /** All rooms of the application. */
  get rooms(): JamsocketRooms {
    return this.module.get(JamsocketRooms);
  }

  /** The room's context; after the room has stopped and a client has made it anew, the new one's. */
  get context(): JamsocketContext {
    return (this.#context = this.#running?.context ?? this.#context);
  }

  get roomId(): string {
    return this.#context.roomId;
  }

  /** The room's instance of the service class; after the room has stopped and a client has made it anew, the new one. */
  get service(): T {
    return localRoom(this.context.room).instance!.service as T;
  }

  /** Whether the room runs: one that nobody is in any more may have stopped, as the option `shutdown` says. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get #running(): Room | undefined {
    return runningRoom(this.module, this.type, this.#context.params);
  }

  /** What the wall clock says. `@Cron` goes by it; `Date.now()` does not. */
  get now(): Date {
    return this.#app.clock.date;
  }

  /**
   * Connects a client, and resolves when the room's `@OnConnect` has run and what it sent has arrived.
   * @throws ConnectRefusedError if a guard or anything else refuses it, TestTimeoutError if nobody answers
   */
  connect(options: RoomConnectOptions = {}): Promise<RoomClient> {
    return this.#app.connect(this.#path, options);
  }

  /**
   * Lets virtual time pass: timers, intervals and cron jobs run in the order in which they are due, and the room has
   * done everything one of them brought about before the next one runs.
   * @param ms milliseconds
   * @throws TestTimeoutError if a handler has not finished after the patience (of real time)
   */
  advance(ms: number, { waitForHandlers = true }: AdvanceOptions = {}): Promise<void> {
    return this.#app.advance(ms, waitForHandlers);
  }

  /**
   * Resolves when nothing is under way: what was sent has been handled, and the answers are there. Time stands still.
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
   * Ends the application as `kill -9` ends its process, with all its rooms: connections are cut, no handler runs, what was
   * not saved is lost. Then another one is started with the same store, and the room is restored in it; one that was never
   * saved begins anew. Time stands still meanwhile.
   * @throws whatever keeps the room from being restored
   */
  async crash(): Promise<void> {
    await this.#host.crash();
    await this.#reopen();
  }

  /**
   * Ends the application as SIGTERM does, with all its rooms: clients are closed with 1012, durable rooms are saved. Then
   * another one is started with the same store, and the room is restored in it. Time passes as the shutdown needs it.
   * @throws LeakError as `close`; whatever keeps the room from being restored
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
   * @throws LeakError if a handler, or a timer that a room has set, is still running then
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

/** The room as it was saved, or a new one. */
function openIn(app: TestApp, type: Type, name?: RoomName): Promise<JamsocketContext> {
  const failure = `${type.name} was not ready after ${app.patienceMs} ms of real time: @OnCreate or a provider of the room has not finished.`;
  return app.within(async () => (await restoreIn(app, type, name)) ?? createIn(app, type, name), failure);
}

async function createIn(app: TestApp, type: Type, name?: RoomName): Promise<JamsocketContext> {
  const { id, params } = await app.module.get(JamsocketRooms).create(type, name);
  const context = runningRoom(app.module, type, params)?.context;
  if (context === undefined) throw new Error(`${type.name} "${id}" stopped as soon as it was made.`);
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

/** Where clients of the room connect to. */
function pathOf(module: TestingModule, type: Type, params: Readonly<Record<string, string>>): string {
  const { path } = module.get<ResolvedOptions>(RESOLVED_OPTIONS);
  const { template } = module.get(ServiceDefinitions).byType.get(type)!;
  const segments = template.segments.map((segment) =>
    segment.startsWith(':') ? encodeURIComponent(params[segment.slice(1)]) : segment,
  );
  return `${path}/${segments.join('/')}`;
}
