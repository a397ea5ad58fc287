import {
  ConfigurableModuleBuilder,
  Global,
  Inject,
  Module,
  Scope,
  type DynamicModule,
  type NestModule,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModuleRef, ModulesContainer, REQUEST } from '@nestjs/core';
import { CoalescingOutbox } from './outbox/coalescing-outbox.js';
import { ImmediateOutbox } from './outbox/immediate-outbox.js';
import { TickFlusher } from './outbox/tick-flusher.js';
import { ServiceDefinitions } from './discovery/definitions.js';
import { JamsocketGateway } from './gateway/jamsocket.gateway.js';
import { createHttpController, mountRoutes } from './http/http-routes.controller.js';
import { HttpRoutesGuard } from './http/http-routes.guard.js';
import { RESOLVED_OPTIONS } from './http/http-tokens.js';
import { RoomCreation } from './http/room-creation.js';
import { RouteClashes } from './http/route-clashes.js';
import { JamsocketConfigurationError, JamsocketError } from './base/errors.js';
import { JamsocketHealth } from './jamsocket.health.js';
import { JamsocketLifecycle, type LifecycleParts } from './jamsocket.lifecycle.js';
import type { JamsocketOptions } from './options/options.js';
import { resolveOptions } from './options/resolve.js';
import type { ResolvedOptions } from './options/resolved.js';
import { JamsocketClock, JamsocketRandom, SystemClock, SystemRandom } from './base/sources.js';
import { JamsocketObservers } from './observe/jamsocket-observers.js';
import { AddressCounts } from './members/address-counts.js';
import { JamsocketRooms } from './rooms/jamsocket-rooms.js';
import { LocalPlacement } from './rooms/local-placement.js';
import { LocalRoomCalls } from './rooms/local-room-calls.js';
import { JamsocketStatistics } from './rooms/jamsocket-statistics.js';
import { JamsocketContext } from './members/room-context.js';
import { RoomRequest } from './members/room-request.js';
import { RoomRegistry } from './rooms/room-registry.js';
import { Durability, DURABILITY } from './durable/durability.js';
import type { DurableRoom } from './durable/durable-room.js';
import { Waker } from './rooms/waker.js';
import type { RoomDefinition } from './room/room-definition.js';
import { TimerRegistry } from './timers/timer-registry.js';
import type { Link } from './outbox/link.js';

const HTTP_ROUTES = Symbol('JAMSOCKET_HTTP_ROUTES');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<JamsocketOptions>({
  moduleName: 'Jamsocket',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createJamsocketOptions')
  .setExtras({}, (definition) => withHttpRoutes(definition))
  .build();

/** Adds the HTTP routes. Their paths come from the options, which may be known only when providers are built. */
function withHttpRoutes(definition: DynamicModule): DynamicModule {
  const controller = createHttpController();
  const routes: Provider = {
    provide: HTTP_ROUTES,
    inject: [RESOLVED_OPTIONS, ServiceDefinitions],
    useFactory: (options: ResolvedOptions, definitions: ServiceDefinitions) => {
      mountRoutes(controller, options, definitions);
      return controller;
    },
  };
  return { ...definition, controllers: [controller], providers: [...(definition.providers ?? []), routes] };
}

/**
 * Stateful WebSocket rooms. Import it once, with `JamsocketModule.forRoot(options?)` or `forRootAsync(…)`; every
 * class with `@JamsocketService()` among the application's providers gets its rooms. It is global: `JamsocketContext`
 * and `JamsocketRooms` can be injected everywhere.
 */
@Global()
@Module({
  providers: [
    { provide: RESOLVED_OPTIONS, inject: [MODULE_OPTIONS_TOKEN], useFactory: resolveOptions },
    { provide: JamsocketClock, useClass: SystemClock },
    { provide: JamsocketRandom, useClass: SystemRandom },
    TimerRegistry,
    JamsocketObservers,
    HttpRoutesGuard,
    RoomCreation,
    {
      provide: RouteClashes,
      inject: [ModulesContainer, ApplicationConfig, HttpAdapterHost],
      useFactory: (modules: ModulesContainer, config: ApplicationConfig, adapterHost: HttpAdapterHost) =>
        new RouteClashes(modules, config, adapterHost),
    },
    {
      provide: ServiceDefinitions,
      inject: [ModulesContainer, ApplicationConfig, MODULE_OPTIONS_TOKEN, JamsocketRandom, RESOLVED_OPTIONS],
      useFactory: (
        modules: ModulesContainer,
        config: ApplicationConfig,
        options: JamsocketOptions,
        random: JamsocketRandom,
        { path }: ResolvedOptions,
      ) => {
        refuseSecondImport(modules);
        return new ServiceDefinitions(modules, config, options, random, path);
      },
    },
    {
      provide: DURABILITY,
      inject: [RESOLVED_OPTIONS, JamsocketClock, JamsocketRandom, JamsocketObservers],
      useFactory: (
        { store }: ResolvedOptions,
        clock: JamsocketClock,
        random: JamsocketRandom,
        observers: JamsocketObservers,
      ) => (store === undefined ? null : new Durability(store, clock, random, observers)),
    },
    {
      provide: RoomRegistry,
      inject: [RESOLVED_OPTIONS, JamsocketClock, JamsocketRandom, TimerRegistry, JamsocketObservers, DURABILITY],
      useFactory: (
        options: ResolvedOptions,
        clock: JamsocketClock,
        random: JamsocketRandom,
        timers: TimerRegistry,
        observers: JamsocketObservers,
        durability: Durability | null,
      ) => {
        const flusher = new TickFlusher(options.flushIntervalMs);
        const services = {
          clock,
          random,
          timers,
          observers,
          placesKept: new AddressCounts(),
          closing: new Set<Link>(),
          createLifecycle: (room: DurableRoom, definition: RoomDefinition) => {
            const { durable } = definition.options;
            return durable && durability !== null ? durability.lifecycleOf(room, durable) : null;
          },
          createOutbox: (coalesce: boolean, dropSlow: ConstructorParameters<typeof ImmediateOutbox>[0]) =>
            coalesce ? new CoalescingOutbox(flusher, dropSlow) : new ImmediateOutbox(dropSlow),
        };
        return new RoomRegistry(services, options.limits.maxRooms);
      },
    },
    {
      provide: JamsocketRooms,
      inject: [RoomRegistry, ServiceDefinitions, DURABILITY],
      useFactory: (registry: RoomRegistry, definitions: ServiceDefinitions, durability: Durability | null) =>
        new JamsocketRooms(registry, definitions.byType, new LocalRoomCalls(registry, durability)),
    },
    {
      provide: JamsocketStatistics,
      inject: [RoomRegistry, ServiceDefinitions],
      useFactory: (registry: RoomRegistry, definitions: ServiceDefinitions) =>
        new JamsocketStatistics(registry, definitions.byType),
    },
    {
      provide: JamsocketContext,
      scope: Scope.REQUEST,
      inject: [REQUEST],
      useFactory: roomContextFrom,
    },
    {
      provide: JamsocketGateway,
      inject: [RESOLVED_OPTIONS, ServiceDefinitions, RoomRegistry, JamsocketClock, JamsocketObservers],
      useFactory: (
        options: ResolvedOptions,
        definitions: ServiceDefinitions,
        registry: RoomRegistry,
        clock: JamsocketClock,
        observers: JamsocketObservers,
      ) => new JamsocketGateway(options, definitions, new LocalPlacement(registry), clock, observers),
    },
    {
      provide: JamsocketHealth,
      inject: [JamsocketGateway, RoomRegistry, DURABILITY],
      useFactory: (gateway: JamsocketGateway, registry: RoomRegistry, durability: Durability | null) =>
        new JamsocketHealth(gateway, registry, durability),
    },
    {
      provide: Waker,
      inject: [DURABILITY, RoomRegistry, ServiceDefinitions, JamsocketClock],
      useFactory: (
        durability: Durability | null,
        registry: RoomRegistry,
        definitions: ServiceDefinitions,
        clock: JamsocketClock,
      ) => durability && new Waker(durability, registry, definitions.all, clock),
    },
    {
      provide: JamsocketLifecycle,
      inject: [
        HttpAdapterHost,
        ModuleRef,
        ModulesContainer,
        JamsocketGateway,
        RoomRegistry,
        TimerRegistry,
        RESOLVED_OPTIONS,
        JamsocketClock,
        JamsocketRandom,
        DURABILITY,
        Waker,
      ],
      useFactory: (
        adapterHost: HttpAdapterHost,
        moduleRef: ModuleRef,
        modules: ModulesContainer,
        gateway: JamsocketGateway,
        registry: RoomRegistry,
        timers: TimerRegistry,
        options: ResolvedOptions,
        clock: JamsocketClock,
        random: JamsocketRandom,
        durability: Durability | null,
        waker: Waker | null,
      ) =>
        new JamsocketLifecycle({
          adapterHost,
          moduleRef,
          modules,
          gateway,
          registry,
          timers,
          options,
          clock,
          random,
          durability,
          waker,
        } satisfies LifecycleParts),
    },
  ],
  exports: [
    JamsocketContext,
    JamsocketRooms,
    JamsocketObservers,
    JamsocketStatistics,
    JamsocketHealth,
    JamsocketClock,
    JamsocketRandom,
    // Only for the library's own modules; applications cannot import these tokens.
    RouteClashes,
    RESOLVED_OPTIONS,
    ServiceDefinitions,
    RoomRegistry,
    DURABILITY,
  ],
})
export class JamsocketModule extends ConfigurableModuleClass implements NestModule {
  constructor(
    @Inject(RouteClashes) private readonly clashes: RouteClashes,
    @Inject(HTTP_ROUTES) private readonly routes: Type,
  ) {
    super();
  }

  /** Nest calls this after main.ts has set the global prefix and versioning, before any route is registered. */
  configure(): void {
    const cure = "Move those of the module with http: { prefix: '/rooms' }, or rename the other.";
    this.clashes.refuse(this.routes, 'JamsocketModule', cure);
  }

  static override forRoot(options: JamsocketOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}

/** The `JamsocketContext` to inject. Within a room Nest's `REQUEST` is a `RoomRequest`; elsewhere there is no context. */
function roomContextFrom(request: unknown): JamsocketContext {
  if (request instanceof RoomRequest) return request.context;
  throw new JamsocketError(
    'no_room_context',
    'JamsocketContext was injected outside of a room. Inject JamsocketRooms instead, and get the room you mean from it.',
  );
}

/** Two modules would both answer every upgrade. With the same options Nest makes one module of them, which is allowed. */
function refuseSecondImport(modules: ModulesContainer): void {
  const imports = [...modules.values()].filter(({ metatype }) => metatype === JamsocketModule);
  if (imports.length < 2) return;
  throw new JamsocketConfigurationError(
    `JamsocketModule is configured ${imports.length} times. Call forRoot() or forRootAsync() once, in the root module: it is global.`,
  );
}
