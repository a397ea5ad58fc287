import type { CronOptions } from '../base/sources.js';
import type { RoomOptions } from '../options/options.js';
import type { ContractSchemas } from './contract.js';
import type { StandardSchema } from './standard-schema.js';

/** On a class: the arguments of `@JamsocketService()`. */
export const SERVICE_METADATA = 'jamsocket:service';
/** On a method: a list of HandlerMetadata, since one method may handle several events. */
export const HANDLER_METADATA = 'jamsocket:handlers';
/** On a prototype: the names of its `@State()` fields. */
export const STATE_METADATA = 'jamsocket:state';

/** On a class: the arguments of `@Presence()`. */
export const PRESENCE_METADATA = 'jamsocket:presence';

/** Arguments of `@Presence()`, which are checked at boot. */
export interface PresenceMetadata {
  readonly schema: unknown;
  readonly options: unknown;
}

export interface ServiceMetadata {
  /** Path below the module's prefix, such as `counter` or `games/:game/:room`; `undefined` for the default service. */
  readonly path?: string;
  readonly contract?: ContractSchemas;
  readonly options: RoomOptions;
}

export type HandlerMetadata =
  | { readonly kind: 'create' | 'connect' | 'resume' | 'auth' | 'message' | 'binary' | 'disconnect' | 'destroy' }
  | { readonly kind: 'event'; readonly event: string; readonly schema?: StandardSchema }
  | { readonly kind: 'timer'; readonly timer: string };

/** Arguments of `@Interval`, `@Timeout` or `@Cron`. */
export interface ScheduleMetadata {
  readonly name: string | number | undefined;
  readonly trigger:
    | { readonly type: 'timeout'; readonly ms: number }
    | { readonly type: 'interval'; readonly ms: number }
    | { readonly type: 'cron'; readonly options: CronOptions };
}

/** Name of the timer of `setTimer(ms)` and `@OnTimer()` without a name. */
export const DEFAULT_TIMER = 'default';
