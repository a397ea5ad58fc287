import { applyDecorators, Injectable, Scope, SetMetadata } from '@nestjs/common';
import type { RoomOptions } from '../options/options.js';
import { SERVICE_METADATA, type ServiceMetadata } from './metadata.js';

export interface JamsocketServiceOptions extends RoomOptions {
  /** Path below the module's prefix. A path with parameters must end in `/:room`; `/:room` is appended to any other. */
  path?: string;
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
 *
 * @throws JamsocketConfigurationError at boot, if the path is taken or an option is out of range
 */
export function JamsocketService(pathOrOptions?: string | JamsocketServiceOptions): ClassDecorator {
  const { path, ...options } = typeof pathOrOptions === 'string' ? { path: pathOrOptions } : (pathOrOptions ?? {});
  const metadata: ServiceMetadata = { path, options };
  return applyDecorators(
    Injectable({ scope: Scope.REQUEST }),
    SetMetadata(ENTRY_PROVIDER, true),
    SetMetadata(SERVICE_METADATA, metadata),
  );
}
