import { Scope, type Provider } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer, REQUEST } from '@nestjs/core';
import { ClusterNode } from '../cluster/cluster-node.js';
import { TickFlusher } from '../outbox/tick-flusher.js';
import { ServiceDefinitions } from '../discovery/definitions.js';
import { RESOLVED_OPTIONS } from '../http/http-tokens.js';
import { JamsocketConfigurationError } from '../base/errors.js';
import type { JamsocketOptions } from '../options/options.js';
import type { ResolvedOptions } from '../options/resolved.js';
import { JamsocketClock, JamsocketRandom, SystemClock, SystemRandom } from '../base/sources.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { JamsocketContext } from '../members/room-context.js';
import { roomContextFrom } from '../members/room-request.js';
import { RoomRegistry } from '../rooms/room-registry.js';
import { Durability, DURABILITY } from '../durable/durability.js';
import { TimerRegistry } from '../timers/timer-registry.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from '../jamsocket.module-definition.js';
import { placesOf, roomOwnership, roomServices } from './room-services.js';

/** Where rooms come from: their classes, their services, the registry of those that are live. */
export const ROOM_PROVIDERS: Provider[] = [
  { provide: JamsocketClock, useClass: SystemClock },
  { provide: JamsocketRandom, useClass: SystemRandom },
  TimerRegistry,
  JamsocketObservers,
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
    provide: JamsocketContext,
    scope: Scope.REQUEST,
    inject: [REQUEST],
    useFactory: roomContextFrom,
  },
];

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
