import { Scope, type Provider } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer, REQUEST } from '@nestjs/core';
import { ClusterNode } from './cluster/cluster-node.js';
import { defaultDriver } from './cluster/default-driver.js';
import type { RunPermit } from './cluster/run-permit.js';
import { JamsocketCluster } from './node/jamsocket-cluster.js';
import { Siblings } from './node/siblings.js';
import { ThisNode } from './node/this-node.js';
import { ClusterOutbox } from './owner/cluster-outbox.js';
import { UserIndex } from './auth/user-index.js';
import { CoalescingOutbox } from './outbox/coalescing-outbox.js';
import { ImmediateOutbox } from './outbox/immediate-outbox.js';
import { TickFlusher } from './outbox/tick-flusher.js';
import { ServiceDefinitions } from './discovery/definitions.js';
import { HandOver } from './gateway/hand-over.js';
import { JamsocketGateway } from './gateway/jamsocket.gateway.js';
import { HttpRoutesGuard } from './http/http-routes.guard.js';
import { RESOLVED_OPTIONS } from './http/http-tokens.js';
import { RoomCreation } from './http/room-creation.js';
import { RouteClashes } from './http/route-clashes.js';
import { JamsocketConfigurationError } from './base/errors.js';
import { JamsocketHealth } from './jamsocket.health.js';
import { JamsocketLifecycle, type LifecycleParts } from './jamsocket.lifecycle.js';
import type { JamsocketOptions } from './options/options.js';
import { resolveOptions } from './options/resolve.js';
import type { ResolvedLimits, ResolvedOptions } from './options/resolved.js';
import { JamsocketClock, JamsocketRandom, SystemClock, SystemRandom } from './base/sources.js';
import { JamsocketObservers } from './observe/jamsocket-observers.js';
import { AddressCounts } from './base/limits/address-counts.js';
import { SharedPlaces } from './base/limits/shared-counts.js';
import { RoomOwnership } from './node/room-ownership.js';
import { JamsocketRooms } from './rooms/jamsocket-rooms.js';
import { LocalPlacement } from './rooms/local-placement.js';
import { LocalUserCalls } from './rooms/local-user-calls.js';
import { LocalRoomCalls } from './rooms/local-room-calls.js';
import { JamsocketStatistics } from './rooms/jamsocket-statistics.js';
import { JamsocketContext } from './members/room-context.js';
import { roomContextFrom } from './members/room-request.js';
import { RoomRegistry } from './rooms/room-registry.js';
import { Durability, DURABILITY } from './durable/durability.js';
import { Waker } from './rooms/waker.js';
import { TimerRegistry } from './timers/timer-registry.js';
import type { Link } from './outbox/link.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './jamsocket.module-definition.js';
import type { RoomServices } from './room/room-services.js';

/** Everything that the module makes, and what each of it needs. */
export const PROVIDERS: Provider[] = [
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
    provide: ClusterNode,
    inject: [RESOLVED_OPTIONS, JamsocketClock, JamsocketRandom],
    useFactory: ({ cluster }: ResolvedOptions, clock: JamsocketClock, random: JamsocketRandom) => {
      const driver = cluster ?? defaultDriver();
      return driver === undefined ? null : new ClusterNode(driver, clock, random);
    },
  },
  {
    provide: DURABILITY,
    inject: [RESOLVED_OPTIONS, JamsocketClock, JamsocketRandom, JamsocketObservers, ClusterNode],
    useFactory: (
      { store }: ResolvedOptions,
      clock: JamsocketClock,
      random: JamsocketRandom,
      observers: JamsocketObservers,
      node: ClusterNode | null,
    ) => (store === undefined ? null : new Durability(store, clock, random, observers, node)),
  },
  {
    provide: TickFlusher,
    inject: [RESOLVED_OPTIONS, ClusterNode],
    useFactory: ({ flushIntervalMs }: ResolvedOptions, node: ClusterNode | null) =>
      new TickFlusher(flushIntervalMs, node?.permit),
  },
  {
    provide: RoomRegistry,
    inject: [
      RESOLVED_OPTIONS,
      JamsocketClock,
      JamsocketRandom,
      TimerRegistry,
      JamsocketObservers,
      DURABILITY,
      ClusterNode,
      TickFlusher,
      ServiceDefinitions,
    ],
    useFactory: (
      { limits }: ResolvedOptions,
      clock: JamsocketClock,
      random: JamsocketRandom,
      timers: TimerRegistry,
      observers: JamsocketObservers,
      durability: Durability | null,
      node: ClusterNode | null,
      flusher: TickFlusher,
      definitions: ServiceDefinitions,
    ) => {
      const ownership = node && roomOwnership(node, limits, definitions);
      const placesKept = placesOf(node, limits);
      return new RoomRegistry(
        roomServices({ clock, random, timers, observers, ownership, placesKept }, flusher, durability),
        limits.maxRooms,
      );
    },
  },
  {
    provide: ThisNode,
    inject: [ClusterNode, RoomRegistry, ServiceDefinitions, JamsocketClock, RESOLVED_OPTIONS, DURABILITY],
    useFactory: (
      node: ClusterNode | null,
      registry: RoomRegistry,
      definitions: ServiceDefinitions,
      clock: JamsocketClock,
      { flushIntervalMs, placement }: ResolvedOptions,
      durability: Durability | null,
    ) => {
      if (node === null) return null;
      // What other nodes have sent leaves at once, whether or not this node may run rooms of its own.
      const createOutbox = outboxes(new TickFlusher(flushIntervalMs), null);
      const local = new LocalPlacement(registry);
      const localCalls = new LocalRoomCalls(registry, durability);
      const localUsers = new LocalUserCalls(registry.users);
      return new ThisNode({
        node,
        registry,
        definitions: definitions.all,
        clock,
        local,
        localCalls,
        localUsers,
        placement,
        createOutbox,
      });
    },
  },
  {
    provide: JamsocketRooms,
    inject: [RoomRegistry, ServiceDefinitions, DURABILITY, ThisNode],
    useFactory: (
      registry: RoomRegistry,
      definitions: ServiceDefinitions,
      durability: Durability | null,
      node: ThisNode | null,
    ) =>
      new JamsocketRooms(
        registry,
        definitions.byType,
        node?.calls ?? new LocalRoomCalls(registry, durability),
        node?.users ?? new LocalUserCalls(registry.users),
      ),
  },
  {
    provide: JamsocketCluster,
    inject: [ClusterNode, ServiceDefinitions, RoomRegistry],
    useFactory: (node: ClusterNode | null, definitions: ServiceDefinitions, registry: RoomRegistry) =>
      new JamsocketCluster(node, definitions.byType, (definition, key) => registry.isTaken(definition, key)),
  },
  { provide: Siblings, inject: [ThisNode], useFactory: (node: ThisNode | null) => new Siblings(node) },
  {
    provide: JamsocketStatistics,
    inject: [RoomRegistry, ServiceDefinitions, ClusterNode],
    useFactory: (registry: RoomRegistry, definitions: ServiceDefinitions, node: ClusterNode | null) =>
      new JamsocketStatistics(registry, definitions.byType, node),
  },
  {
    provide: JamsocketContext,
    scope: Scope.REQUEST,
    inject: [REQUEST],
    useFactory: roomContextFrom,
  },
  {
    provide: JamsocketGateway,
    inject: [
      RESOLVED_OPTIONS,
      ServiceDefinitions,
      RoomRegistry,
      JamsocketClock,
      JamsocketObservers,
      ThisNode,
      ClusterNode,
    ],
    useFactory: (
      options: ResolvedOptions,
      definitions: ServiceDefinitions,
      registry: RoomRegistry,
      clock: JamsocketClock,
      observers: JamsocketObservers,
      node: ThisNode | null,
      cluster: ClusterNode | null,
    ) => {
      const counts = cluster?.sharedCounts ?? null;
      const handOver = node?.sockets
        ? new HandOver(
            node.sockets,
            () => node.incarnation,
            registry,
            (definition) => node.nodeForNew(definition),
          )
        : null;
      const placement = node?.placement ?? new LocalPlacement(registry);
      return new JamsocketGateway(options, definitions, placement, clock, observers, handOver, counts);
    },
  },
  {
    provide: JamsocketHealth,
    inject: [JamsocketGateway, RoomRegistry, DURABILITY, ClusterNode],
    useFactory: (
      gateway: JamsocketGateway,
      registry: RoomRegistry,
      durability: Durability | null,
      node: ClusterNode | null,
    ) => new JamsocketHealth(gateway, registry, durability, node),
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
      ModulesContainer,
      JamsocketGateway,
      RoomRegistry,
      TimerRegistry,
      RESOLVED_OPTIONS,
      JamsocketClock,
      JamsocketRandom,
      DURABILITY,
      Waker,
      ThisNode,
    ],
    useFactory: (
      adapterHost: HttpAdapterHost,
      modules: ModulesContainer,
      gateway: JamsocketGateway,
      registry: RoomRegistry,
      timers: TimerRegistry,
      options: ResolvedOptions,
      clock: JamsocketClock,
      random: JamsocketRandom,
      durability: Durability | null,
      waker: Waker | null,
      node: ThisNode | null,
    ) =>
      new JamsocketLifecycle({
        adapterHost,
        modules,
        gateway,
        registry,
        timers,
        options,
        clock,
        random,
        durability,
        waker,
        node,
      } satisfies LifecycleParts),
  },
];

function roomServices(
  sources: Pick<RoomServices, 'clock' | 'random' | 'timers' | 'observers' | 'ownership' | 'placesKept'>,
  flusher: TickFlusher,
  durability: Durability | null,
): RoomServices {
  const { ownership } = sources;
  const createLocal = outboxes(flusher, ownership?.permit ?? null);
  return {
    ...sources,
    users: new UserIndex(),
    closing: new Set<Link>(),
    flusher,
    isSaved: async ({ service, options }, key) =>
      options.durable && durability !== null ? durability.has({ service, key }) : false,
    createLifecycle: (room, definition) => {
      const { durable } = definition.options;
      return durable && durability !== null ? durability.lifecycleOf(room, durable) : null;
    },
    createOutbox: ownership === null ? createLocal : (...how) => new ClusterOutbox(createLocal(...how)),
  };
}

/** Claims rooms for the node. Limits on rooms hold for all processes of this machine that share the port. */
function roomOwnership(node: ClusterNode, limits: ResolvedLimits, definitions: ServiceDefinitions): RoomOwnership {
  const ofEach = new Map(definitions.all.map(({ service, options }) => [service, options.limits.maxRooms]));
  const max = { ofAll: limits.maxRooms, of: (service: string) => ofEach.get(service) ?? Infinity };
  return new RoomOwnership(node, node.sharedCounts, max);
}

/** Counts the places kept for resume, for the machine if it limits connections. */
function placesOf(node: ClusterNode | null, { maxConnections, maxConnectionsPerIp }: ResolvedLimits): AddressCounts {
  const counts = node?.sharedCounts ?? null;
  const isOff = maxConnections === Infinity && maxConnectionsPerIp === Infinity;
  return counts === null || isOff ? new AddressCounts() : new SharedPlaces(counts);
}

/** Makes the outboxes of clients whose sockets are here. */
function outboxes(flusher: TickFlusher, permit: RunPermit | null): RoomServices['createOutbox'] {
  return (coalesce, dropMember) =>
    coalesce ? new CoalescingOutbox(flusher, dropMember) : new ImmediateOutbox(dropMember, permit);
}

/** Two modules would both answer every upgrade. With the same options Nest makes one module of them, which is allowed. */
function refuseSecondImport(modules: ModulesContainer): void {
  const imports = [...modules.values()].filter(
    ({ metatype }) => metatype?.prototype instanceof ConfigurableModuleClass,
  );
  if (imports.length < 2) return;
  throw new JamsocketConfigurationError(
    `JamsocketModule is configured ${imports.length} times. Call forRoot() or forRootAsync() once, in the root module: it is global.`,
  );
}
