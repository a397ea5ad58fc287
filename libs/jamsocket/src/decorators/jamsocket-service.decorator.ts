import { applyDecorators, Injectable, Scope, SetMetadata } from '@nestjs/common';
import type { RoomOptions } from '../options/options.js';
import { SERVICE_METADATA, type ServiceMetadata } from './metadata.js';

export interface JamsocketServiceOptions extends RoomOptions {
  /** Path below the module's prefix. It ends in `/:room` where it has parameters of its own; without any, `/:room` is added. */
  path?: string;
}

/**
 * Nest gives request-scoped global enhancers only to classes with this mark: without it such an `APP_GUARD`
 * would run as an object whose constructor was never called (`ENTRY_PROVIDER_WATERMARK` in @nestjs/common).
 */
const ENTRY_PROVIDER = '__entryProvider__';

/**
 * Makes a class a room service: each room has an instance of its own, built by Nest with everything it injects.
 * List the class in the `providers` of a module.
 *
 * - `@JamsocketService()` is the default service, at `/ws/:room`.
 * - `@JamsocketService('counter')` is at `/ws/counter/:room`.
 * - `@JamsocketService({ path: 'games/:game/:room', shutdown: '30sec' })` has further path parameters and options of its own.
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
