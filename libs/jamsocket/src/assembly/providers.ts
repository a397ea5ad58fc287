import type { Provider } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { ClusterNode } from '../cluster/cluster-node.js';
import { Siblings } from '../node/siblings.js';
import { ThisNode } from '../node/this-node.js';
import { ServiceDefinitions } from '../discovery/definitions.js';
import type { SocketHandOver } from '../cluster/socket-hand-over.js';
import { HandOver } from '../gateway/hand-over.js';
import { JamsocketGateway } from '../gateway/jamsocket.gateway.js';
import { HttpRoutesGuard } from '../http/http-routes.guard.js';
import { RESOLVED_OPTIONS } from '../http/http-tokens.js';
import { RoomCreation } from '../http/room-creation.js';
import { RouteClashes } from '../http/route-clashes.js';
import { JamsocketHealth } from '../jamsocket.health.js';
import { JamsocketLifecycle, type LifecycleParts } from '../jamsocket.lifecycle.js';
import { resolveOptions } from '../options/resolve.js';
import type { ResolvedOptions } from '../options/resolved.js';
import { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { JamsocketRooms } from '../rooms/jamsocket-rooms.js';
import { LocalPlacement } from '../rooms/local-placement.js';
import { LocalUserCalls } from '../rooms/local-user-calls.js';
import { LocalRoomCalls } from '../rooms/local-room-calls.js';
import { JamsocketStatistics } from '../rooms/jamsocket-statistics.js';
import { RoomRegistry } from '../rooms/room-registry.js';
import { Durability, DURABILITY } from '../durable/durability.js';
import { Waker } from '../rooms/waker.js';
import { TimerRegistry } from '../timers/timer-registry.js';
import { MODULE_OPTIONS_TOKEN } from '../jamsocket.module-definition.js';
import { CLUSTER_PROVIDERS } from './cluster-providers.js';
import { ROOM_PROVIDERS } from './room-providers.js';

/** Everything that the module makes, and what each of it needs. */
export const PROVIDERS: Provider[] = [
  ...ROOM_PROVIDERS,
  ...CLUSTER_PROVIDERS,
  { provide: RESOLVED_OPTIONS, inject: [MODULE_OPTIONS_TOKEN], useFactory: resolveOptions },
  HttpRoutesGuard,
  RoomCreation,
  {
    provide: RouteClashes,
    inject: [ModulesContainer, ApplicationConfig, HttpAdapterHost],
    useFactory: (modules: ModulesContainer, config: ApplicationConfig, adapterHost: HttpAdapterHost) =>
      new RouteClashes(modules, config, adapterHost),
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
    provide: JamsocketStatistics,
    inject: [RoomRegistry, ServiceDefinitions, ClusterNode],
    useFactory: (registry: RoomRegistry, definitions: ServiceDefinitions, node: ClusterNode | null) =>
      new JamsocketStatistics(registry, definitions.byType, node),
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
      const handOver = cluster && node?.sockets ? handOverOf(node.sockets, cluster, node, registry) : null;
      const placement = node?.placement ?? new LocalPlacement(registry);
      return new JamsocketGateway(options, definitions, placement, clock, observers, handOver, counts);
    },
  },
  {
    provide: JamsocketHealth,
    inject: [JamsocketGateway, RoomRegistry, DURABILITY, ClusterNode, Siblings],
    useFactory: (
      gateway: JamsocketGateway,
      registry: RoomRegistry,
      durability: Durability | null,
      node: ClusterNode | null,
      siblings: Siblings,
    ) => new JamsocketHealth(gateway, registry, durability, node, siblings),
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
/** Gives clients' sockets to other processes, under the present name of this node. */
function handOverOf(sockets: SocketHandOver, cluster: ClusterNode, node: ThisNode, registry: RoomRegistry): HandOver {
  const handOver = new HandOver(sockets, cluster, registry, (definition) => node.nodeForNew(definition));
  cluster.begun = () => void handOver.renamed();
  return handOver;
}
