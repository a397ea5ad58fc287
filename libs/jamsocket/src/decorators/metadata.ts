import type { CronOptions } from '../base/sources.js';
import type { RoomOptions } from '../options/options.js';
import type { StandardSchema } from './standard-schema.js';

/** On a class: what `@JamsocketService()` was given. */
export const SERVICE_METADATA = 'jamsocket:service';
/** On a method: a list of HandlerMetadata, since one method may handle several events. */
export const HANDLER_METADATA = 'jamsocket:handlers';
/** On a prototype: the names of its `@State()` fields. */
export const STATE_METADATA = 'jamsocket:state';

export interface ServiceMetadata {
  /** Path below the module's prefix, such as `counter` or `games/:game/:room`; `undefined` for the default service. */
  readonly path?: string;
  readonly options: RoomOptions;
}

export type HandlerMetadata =
  | { readonly kind: 'create' | 'connect' | 'resume' | 'message' | 'binary' | 'disconnect' | 'destroy' }
  | { readonly kind: 'event'; readonly event: string; readonly schema?: StandardSchema }
  | { readonly kind: 'timer'; readonly timer: string };

/** What `@Interval`, `@Timeout` or `@Cron` was given. */
export interface ScheduleMetadata {
  readonly name: string | number | undefined;
  readonly trigger:
    | { readonly type: 'timeout'; readonly ms: number }
    | { readonly type: 'interval'; readonly ms: number }
    | { readonly type: 'cron'; readonly options: CronOptions };
}

/** The timer that `setTimer(ms)` sets and `@OnTimer()` hears when neither is given a name. */
export const DEFAULT_TIMER = 'default';
