import type { Logger, Type } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { PresenceSettings } from '../presence/presence-settings.js';
import type { ResolvedRoomOptions } from '../options/resolved.js';
import type { Client } from '../members/client.js';
import type { ProviderHook } from '../base/provider-hooks.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { TurnKind } from '../observe/room-observer.js';
import type { ScheduledMethod } from '../timers/scheduled-method.js';
import type { Traffic } from '../traffic/traffic.js';
import type { TurnMeter } from '../traffic/turn-meter.js';
import type { TurnBounds } from '../replies/turn-streams.js';

/** Everything known about a service class after the application has booted. */
export interface RoomDefinition {
  /** Name of the service: its path without parameters, `default` for the default service. */
  readonly service: string;
  readonly type: Type;
  readonly logger: Logger;
  /** Names of the path's parameters, in order; the last is `room`. */
  readonly paramNames: readonly string[];
  readonly options: ResolvedRoomOptions;
  /** `null` if the class has no `@Presence()`. */
  readonly presence: PresenceSettings | null;
  /** Names of the shared states in the contract; empty without one. */
  readonly contractStates: readonly string[];
  /** Generates ids for rooms created without one. */
  readonly ids: RoomIdSource;
  /** Names that `setTimer` may use. */
  readonly timers: ReadonlySet<string>;
  /** Methods with Nest's `@Interval`, `@Timeout` or `@Cron`. */
  readonly scheduled: readonly ScheduledMethod[];
  readonly traffic: Traffic;
  /** Builds the room's instance as Nest's injector does; at once where it can. */
  instantiate(context: JamsocketContext): RoomInstance | Promise<RoomInstance>;
  /** Whether the guards of a connect need providers of the room. If not, they run before the room is created. */
  guardsNeedRoom(): boolean;
  /**
   * Runs the guards of a connect; `undefined` if there are none.
   * @param request the request that guards written for HTTP see; by default the client's
   * @throws RefusedError if a guard returns false; any error that a guard throws
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
  /** How many different ids there are; `undefined` if an id may repeat before all others were used. */
  readonly count?: number;
  next(): string;
}

/** A room's own instance of the service class, its handlers bound. */
export interface RoomInstance {
  readonly service: object;
  readonly create?: Handler;
  readonly connect?: Handler;
  /** Handler for texts that are not a JSON event with its own handler. */
  readonly text?: Handler;
  /** Handlers of JSON events, by event name. */
  readonly events: ReadonlyMap<string, Handler>;
  readonly binary?: Handler;
  readonly resume?: Handler;
  readonly auth?: Handler;
  readonly disconnect?: Handler;
  readonly destroy?: Handler;
  readonly timers: ReadonlyMap<string, Handler>;
  /** Handlers of scheduled methods, by method name. */
  readonly scheduled: ReadonlyMap<string, Handler>;
  /** `onModuleInit` and `onModuleDestroy` of the instance and of its room-scoped dependencies, in calling order. */
  readonly hooks: {
    readonly init: readonly ProviderHook[];
    readonly destroy: readonly ProviderHook[];
    /** The service and the room-scoped providers. */
    readonly instances: readonly object[];
  };
}

/** One handler of one room, with the guards, pipes, interceptors and filters that apply to it. */
export interface Handler {
  /** For logs: `ChatRoom.message`. */
  readonly name: string;
  readonly kind: TurnKind;
  /** The handler may return a promise. Guessed from the method, and set when it does return one. */
  isAsync: boolean;
  /** The traffic's meter for this handler, once it is needed. */
  meter: TurnMeter | null;
  /** The result is the reply: a value, a promise or a stream. May throw. */
  call(client: Client | undefined, message: unknown, context: JamsocketContext, bounds: TurnBounds): unknown;
  /** Gives an error to the application's exception filters. @returns whether one of them handled it */
  filter(
    error: unknown,
    client: Client | undefined,
    message: unknown,
    context: JamsocketContext,
  ): boolean | Promise<boolean>;
}
