import { PRESENCE_EVENT } from '../../base/presence.js';
import type { Client } from '../../members/client.js';
import type { JamsocketContext } from '../../members/room-context.js';
import type { TurnKind } from '../../observe/room-observer.js';
import type { TurnBounds } from '../../replies/turn-streams.js';
import type { Handler, RoomInstance } from '../../room/room-definition.js';
import type { TurnMeter } from '../../traffic/turn-meter.js';
import type { HandlerPlan } from '../handler-plan.js';
import type { PresenceHandler } from '../handlers/presence-handler.js';
import type { Host } from './host.js';
import type { RoomHooks } from './room-hooks.js';

/** How to call the handlers of a class. */
export interface Plans {
  readonly single: ReadonlyMap<string, HandlerPlan>;
  readonly events: ReadonlyMap<string, HandlerPlan>;
  readonly timers: ReadonlyMap<string, HandlerPlan>;
  readonly scheduled: ReadonlyMap<string, HandlerPlan>;
}

/** The instance of one room, its handlers bound to it. */
export class BoundInstance implements RoomInstance {
  readonly create?: Handler;
  readonly connect?: Handler;
  readonly text?: Handler;
  readonly binary?: Handler;
  readonly resume?: Handler;
  readonly auth?: Handler;
  readonly disconnect?: Handler;
  readonly destroy?: Handler;
  readonly events: ReadonlyMap<string, Handler>;
  readonly timers: ReadonlyMap<string, Handler>;
  readonly scheduled: ReadonlyMap<string, Handler>;

  constructor(
    readonly host: Host,
    { single, events, timers, scheduled }: Plans,
    readonly hooks: RoomHooks,
    presence: PresenceHandler | null,
  ) {
    const bind = (plan: HandlerPlan | undefined) => plan && new BoundHandler(plan, host);
    this.create = bind(single.get('create'));
    this.connect = bind(single.get('connect'));
    this.text = bind(single.get('message'));
    this.binary = bind(single.get('binary'));
    this.resume = bind(single.get('resume'));
    this.auth = bind(single.get('auth'));
    this.disconnect = bind(single.get('disconnect'));
    this.destroy = bind(single.get('destroy'));
    const own = bindAll(events, host);
    this.events = presence === null ? own : new Map([...own, [PRESENCE_EVENT, presence]]);
    this.timers = bindAll(timers, host);
    this.scheduled = bindAll(scheduled, host);
  }

  get service(): object {
    return this.host.service;
  }
}

class BoundHandler implements Handler {
  constructor(
    private readonly plan: HandlerPlan,
    private readonly host: Host,
  ) {}

  get name(): string {
    return this.plan.name;
  }

  get kind(): TurnKind {
    return this.plan.kind;
  }

  get isAsync(): boolean {
    return this.plan.isAsync;
  }

  set isAsync(isAsync: boolean) {
    this.plan.isAsync = isAsync;
  }

  get meter(): TurnMeter | null {
    return this.plan.meter;
  }

  set meter(meter: TurnMeter | null) {
    this.plan.meter = meter;
  }

  call(client: Client | undefined, message: unknown, context: JamsocketContext, bounds: TurnBounds): unknown {
    return this.plan.call(this.host, client, message, context, bounds);
  }

  filter(
    error: unknown,
    client: Client | undefined,
    message: unknown,
    context: JamsocketContext,
  ): boolean | Promise<boolean> {
    return this.plan.filter(this.host, error, client, message, context);
  }
}

const NONE: ReadonlyMap<string, Handler> = new Map();

function bindAll(plans: ReadonlyMap<string, HandlerPlan>, host: Host): ReadonlyMap<string, Handler> {
  if (plans.size === 0) return NONE;
  return new Map([...plans].map(([name, plan]) => [name, new BoundHandler(plan, host)]));
}
