import type { Logger, Type } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { ResolvedRoomOptions } from '../options/resolved.js';
import type { ScheduleMetadata } from '../decorators/metadata.js';
import type { Client } from '../members/client.js';
import type { ProviderHook } from '../base/provider-hooks.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { TurnKind } from '../observe/room-observer.js';
import type { TurnBounds } from '../replies/turn-streams.js';

/** All that is known about a service class once the application has booted. */
export interface RoomDefinition {
  /** Name of the service: its path without parameters, `default` for the default service. */
  readonly service: string;
  readonly type: Type;
  readonly logger: Logger;
  /** Names of the path's parameters, in order; the last is `room`. */
  readonly paramNames: readonly string[];
  readonly options: ResolvedRoomOptions;
  /** For rooms created without an id. */
  readonly ids: RoomIdSource;
  /** Names that `setTimer` may use. */
  readonly timers: ReadonlySet<string>;
  /** Methods with Nest's `@Interval`, `@Timeout` or `@Cron`. */
  readonly scheduled: readonly ScheduledMethod[];
  /** Builds the room's instance through Nest's injector. */
  instantiate(context: JamsocketContext): Promise<RoomInstance>;
  /** Whether the guards of a connect can only be built within a room. If not, they run before there is one. */
  guardsNeedRoom(): boolean;
  /**
   * Runs the guards of a connect; `undefined` if there are none.
   * @param request what guards see that were written for HTTP; without it they see the client's
   * @throws RefusedError if one says no, or whatever one throws
   */
  admit(
    client: Client,
    instance: RoomInstance | null,
    context: JamsocketContext | null,
    request?: IncomingMessage,
  ): Promise<void> | undefined;
}

/** Makes room ids. */
export interface RoomIdSource {
  /** How many different ids there are, if none comes twice before all others have come. */
  readonly count?: number;
  next(): string;
}

export interface ScheduledMethod {
  readonly name: string;
  readonly method: string;
  readonly trigger: ScheduleMetadata['trigger'];
}

/** A room's own instance of the service class, its handlers bound. */
export interface RoomInstance {
  readonly service: object;
  readonly create?: Handler;
  readonly connect?: Handler;
  /** Text messages that are no JSON event with a handler of its own. */
  readonly text?: Handler;
  /** Handlers of JSON events, by event name. */
  readonly events: ReadonlyMap<string, Handler>;
  readonly binary?: Handler;
  readonly resume?: Handler;
  readonly disconnect?: Handler;
  readonly destroy?: Handler;
  readonly timers: ReadonlyMap<string, Handler>;
  /** Handlers of scheduled methods, by method name. */
  readonly scheduled: ReadonlyMap<string, Handler>;
  /** `onModuleInit` and `onModuleDestroy` of the instance and of everything room-scoped it injects, in order. */
  readonly hooks: {
    readonly init: readonly ProviderHook[];
    readonly destroy: readonly ProviderHook[];
    /** The service, and what was built for its room alone. */
    readonly instances: readonly object[];
  };
}

/** One handler of one room, with the guards, pipes, interceptors and filters that apply to it. */
export interface Handler {
  /** For logs: `ChatRoom.message`. */
  readonly name: string;
  readonly kind: TurnKind;
  /** It can wait for something in the middle of its turn. Set when a handler that did not look like it does so. */
  isAsync: boolean;
  /** May throw, or return a promise or a stream. What comes out of it is the reply. */
  call(client: Client | undefined, message: unknown, context: JamsocketContext, bounds: TurnBounds): unknown;
  /** Gives an error to the application's exception filters. @returns whether one of them took it */
  filter(
    error: unknown,
    client: Client | undefined,
    message: unknown,
    context: JamsocketContext,
  ): boolean | Promise<boolean>;
}
