import { Scope, type Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { JamsocketConfigurationError } from '../base/errors.js';
import { serviceMetadataOf } from '../decorators/metadata-accessor.js';
import { JamsocketContext } from '../members/room-context.js';
import { foreignDecoratorOn } from './foreign-decorators.js';

/** A provider, the dependencies in between, and the one that makes it room-scoped. */
type Chain = readonly InstanceWrapper[];

/**
 * Finds providers outside of rooms that inject a room service or room-scoped dependencies. Nest would never build them,
 * or fail at the first request. Call it when all dependencies are known: after Nest has built the singletons.
 * @throws JamsocketConfigurationError that names the class, the mistake and the cure
 */
export function refuseInjectionMistakes(modules: ModulesContainer): void {
  const providers = [...modules.values()].flatMap((module) => [...module.providers.values()]);
  const controllers = [...modules.values()].flatMap((module) => [...module.controllers.values()]);
  const enhancers = [...modules.values()].flatMap((module) => [...module.injectables.values()]);
  for (const wrapper of [...providers, ...controllers, ...enhancers]) refuseInjectedService(wrapper);
  const inRooms = tokensIn(providers.filter(isRoomService));
  for (const wrapper of controllers) {
    const chain = chainToContext([...dependenciesOf(wrapper), ...enhancersOf(wrapper)], [wrapper]);
    if (chain !== undefined) fail(chain, INSTEAD);
  }
  for (const wrapper of new Set(providers)) {
    if (wrapper.token === JamsocketContext || wrapper.isAlias || isRoomService(wrapper)) continue;
    const chain = chainToContext(dependenciesOf(wrapper), [wrapper]);
    if (chain === undefined) continue;
    if (inRooms.has(wrapper.token)) refuseForeignDecorator(wrapper, chain);
    // An explicit scope shows that the author does not expect a singleton.
    else if (wrapper.scope !== Scope.REQUEST && wrapper.scope !== Scope.TRANSIENT) fail(chain, INSTEAD_OR_SCOPE);
  }
}

const INSTEAD = 'Inject JamsocketRooms instead, and get the room you mean from it';
const INSTEAD_OR_SCOPE = `${INSTEAD}; or, if rooms get it from a ModuleRef, give it Scope.REQUEST`;

function refuseInjectedService(wrapper: InstanceWrapper): void {
  const service = dependenciesOf(wrapper).find(isRoomService);
  if (service === undefined) return;
  throw new JamsocketConfigurationError(
    `${nameOf(wrapper)} injects ${nameOf(service)}, but would get an instance without a room: inject JamsocketRooms, and call invoke(${nameOf(service)}, roomId, …).`,
  );
}

function refuseForeignDecorator(wrapper: InstanceWrapper, chain: Chain): void {
  const foreign = typeof wrapper.metatype === 'function' ? foreignDecoratorOn(wrapper.metatype as Type) : undefined;
  if (foreign === undefined) return;
  throw new JamsocketConfigurationError(
    `${pathOf(chain)}, so it is built for each room. But it has ${foreign.what}, which would run on an instance without a room: ${foreign.cure}.`,
  );
}

function fail(chain: Chain, cure: string): never {
  throw new JamsocketConfigurationError(`${pathOf(chain)}, which exists only within a room. ${cure}.`);
}

/** `Api injects Scores, which injects JamsocketContext` */
function pathOf([first, ...more]: Chain): string {
  return `${nameOf(first)} injects ${more.map(nameOf).join(', which injects ')}`;
}

/** All dependencies and enhancers of the services, as tokens: a guard may be listed as a provider, too. */
function tokensIn(services: readonly InstanceWrapper[]): ReadonlySet<unknown> {
  const found = new Set<InstanceWrapper>(services);
  for (const wrapper of found) {
    for (const dependency of [...dependenciesOf(wrapper), ...enhancersOf(wrapper)]) found.add(dependency);
  }
  return new Set([...found].map(({ token }) => token as unknown));
}

function chainToContext(
  dependencies: readonly InstanceWrapper[],
  chain: Chain,
  visited = new Set<InstanceWrapper>(),
): Chain | undefined {
  for (const dependency of dependencies) {
    if (visited.has(dependency)) continue;
    visited.add(dependency);
    const longer = [...chain, dependency];
    if (dependency.token === JamsocketContext && !dependency.isDependencyTreeStatic()) return longer;
    const found = chainToContext(dependenciesOf(dependency), longer, visited);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function dependenciesOf(wrapper: InstanceWrapper): InstanceWrapper[] {
  return [
    ...(wrapper.getCtorMetadata() ?? []),
    ...(wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
  ].filter((dependency) => dependency !== undefined);
}

function enhancersOf(wrapper: InstanceWrapper): InstanceWrapper[] {
  return wrapper.getEnhancersMetadata() ?? [];
}

export function isRoomService({ metatype }: InstanceWrapper): boolean {
  return typeof metatype === 'function' && serviceMetadataOf(metatype) !== undefined;
}

export function nameOf({ name, token }: InstanceWrapper): string {
  return typeof token === 'function' ? token.name : String(name);
}
