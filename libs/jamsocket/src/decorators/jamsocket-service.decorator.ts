import { applyDecorators, Injectable, Scope, SetMetadata } from '@nestjs/common';
import type { RoomOptions } from '../options/options.js';
import type { ContractDecorator } from './contract-types.js';
import type { ContractSchemas } from './contract.js';
import { SERVICE_METADATA, type ServiceMetadata } from './metadata.js';

export interface JamsocketServiceOptions extends RoomOptions {
  /** Path below the module's prefix. A path with parameters must end in `/:room`; `/:room` is appended to any other. */
  path?: string;
  /**
   * The messages, events, shared states and presence of the room, as schemas that the client can share. Each message is handled
   * by the method that has its name and `@OnMessage()` with that name; its schema validates the data first. Each state is the
   * `SharedState` field that has its name. The schema of `presence` is that of `@Presence()`.
   */
  contract?: ContractSchemas;
}

/**
 * Nest builds request-scoped global enhancers only for classes with this mark (`ENTRY_PROVIDER_WATERMARK` in
 * @nestjs/common). Without it, such an `APP_GUARD` would run on an object whose constructor was never called.
 */
const ENTRY_PROVIDER = '__entryProvider__';

/**
 * Makes a class a room service: Nest builds a separate instance for each room, with its dependencies. List the class in
 * the `providers` of a module.
 *
 * - `@JamsocketService()` is the default service, at `/ws/:room`.
 * - `@JamsocketService('counter')` is at `/ws/counter/:room`.
 * - `@JamsocketService({ path: 'games/:game/:room', shutdown: '30sec' })` adds path parameters and options.
 * - `@JamsocketService({ contract: game })` follows a contract: messages that differ from it do not compile.
 *
 * @throws JamsocketConfigurationError at boot, if the path is taken or an option is out of range
 */
export function JamsocketService<const C extends ContractSchemas>(
  options: JamsocketServiceOptions & { contract: C },
): ContractDecorator<C>;
export function JamsocketService(pathOrOptions?: string | JamsocketServiceOptions): ClassDecorator;
export function JamsocketService(pathOrOptions?: string | JamsocketServiceOptions): (type: any) => any {
  const given: JamsocketServiceOptions =
    typeof pathOrOptions === 'string' ? { path: pathOrOptions } : (pathOrOptions ?? {});
  const { path, contract, ...options } = given;
  const metadata: ServiceMetadata = { path, contract, options };
  return applyDecorators(
    Injectable({ scope: Scope.REQUEST }),
    SetMetadata(ENTRY_PROVIDER, true),
    SetMetadata(SERVICE_METADATA, metadata),
  );
}
