import { Logger, type Type } from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { JamsocketOptions } from '../options/options.js';
import { resolveRoomOptions } from '../options/resolve.js';
import { DEFAULT_DURABLE } from '../options/durable.js';
import type { ResolvedRoomOptions } from '../options/resolved.js';
import { presenceWithContract } from './handlers/contract-handlers.js';
import { presenceSettings, type PresenceSettings } from '../presence/presence-settings.js';
import { presenceMetadataOf, stateFieldsOf } from '../decorators/metadata-accessor.js';
import type { JamsocketRandom } from '../base/sources.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { Traffic } from '../traffic/traffic.js';
import { roomIdSource } from '../rooms/room-ids.js';
import { EnhancerFinder } from './enhancers.js';
import type { PathTemplate } from './path-template.js';
import { RoomFactory } from './room-factory.js';
import { takeScheduledMethods } from './scheduled-methods.js';
import { JamsocketConfigurationError } from '../base/errors.js';
import { exploreServices, type FoundService } from './service-explorer.js';

/** A service of the application and its path. */
export interface ServiceDefinition extends RoomDefinition {
  readonly template: PathTemplate;
}

/** All room services of the application, by class. */
export class ServiceDefinitions {
  readonly byType: ReadonlyMap<Type, ServiceDefinition>;

  /** @throws JamsocketConfigurationError for every mistake that can be found before a room exists */
  constructor(
    modules: ModulesContainer,
    config: ApplicationConfig,
    options: JamsocketOptions,
    random: JamsocketRandom,
    /** Prefix of the WebSocket paths. */
    path: string,
  ) {
    const finder = new EnhancerFinder(modules, config);
    const all = exploreServices(modules).map((found) => defineService(found, options, finder, random, path));
    refuseSameNames(all);
    this.byType = new Map(all.map((definition) => [definition.type, definition]));
  }

  get all(): ServiceDefinition[] {
    return [...this.byType.values()];
  }
}

function defineService(
  found: FoundService,
  module: JamsocketOptions,
  finder: EnhancerFinder,
  random: JamsocketRandom,
  path: string,
): ServiceDefinition {
  const { type, template, metadata, handlers } = found;
  const options = withDurable(
    found,
    resolveRoomOptions(module, metadata.options, `@JamsocketService() on ${type.name}: options`),
    module,
  );
  const logger = new Logger(type.name);
  const timers = new Map(
    handlers.flatMap(({ method, metadata: handler }) => (handler.kind === 'timer' ? [[handler.timer, method]] : [])),
  );
  const scheduled = takeScheduledMethods(type, timers);
  const presence = presenceOf(found, options);
  const factory = new RoomFactory(found, scheduled, finder, logger, path + template.toString(), presence);
  return {
    service: template.service,
    type,
    template,
    logger,
    options,
    presence,
    contractStates: Object.keys(metadata.contract?.state ?? {}),
    scheduled,
    traffic: new Traffic(),
    paramNames: template.paramNames,
    ids: roomIdSource(options.roomIds, random),
    timers: new Set(timers.keys()),
    instantiate: (context) => factory.instantiate(context),
    guardsNeedRoom: () => factory.guardsNeedRoom,
    admit: (client, instance, context, request) => factory.admit(client, instance, context, request),
  };
}

/** @throws JamsocketConfigurationError */
function presenceOf(
  { type, handlers, metadata: { contract } }: FoundService,
  { limits }: ResolvedRoomOptions,
): PresenceSettings | null {
  const metadata = presenceWithContract(type, contract, presenceMetadataOf(type));
  if (metadata === undefined) return null;
  const events = handlers.flatMap(({ metadata: handler }) => (handler.kind === 'event' ? [handler.event] : []));
  return presenceSettings(type.name, metadata, limits.maxBufferedBytes, events);
}

/** @throws JamsocketConfigurationError if the class asks for durable rooms and the module has no store */
function withDurable(
  { type, metadata }: FoundService,
  options: ResolvedRoomOptions,
  module: JamsocketOptions,
): ResolvedRoomOptions {
  if (options.durable && module.store === undefined) {
    const who = metadata.options.durable ? `@JamsocketService() on ${type.name}` : 'JamsocketModule';
    throw new JamsocketConfigurationError(
      `${who} asks for durable rooms, but there is no store: pass one to JamsocketModule.forRoot(), such as { store: new LmdbStore({ path: '.jamsocket' }) }.`,
    );
  }
  if (module.store === undefined) return { ...options, durable: false };
  if (options.durable !== undefined) return options;
  return { ...options, durable: stateFieldsOf(type.prototype as object).length > 0 && DEFAULT_DURABLE };
}

/** Names must be unique: metrics, logs, the timers' registry, `POST /new_room` and the inspector identify a service by it. */
function refuseSameNames(services: readonly ServiceDefinition[]): void {
  const byName = new Map<string, ServiceDefinition>();
  for (const service of services) {
    const twin = byName.get(service.service);
    if (twin !== undefined) {
      throw new JamsocketConfigurationError(
        `${twin.type.name} at "${twin.template.toString()}" and ${service.type.name} at "${service.template.toString()}" are both named "${service.service}": the name is the path without its parameters ("default" if nothing is left), and metrics, logs and the inspector need a different one for each service. Add a word to one of the paths.`,
      );
    }
    byName.set(service.service, service);
  }
}
