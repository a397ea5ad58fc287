import type { CanActivate, Logger, Type } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import { PRESENCE_EVENT } from '../base/presence.js';
import type { PresenceSettings } from '../presence/presence-settings.js';
import type { Client } from '../members/client.js';
import type { JamsocketContext } from '../members/room-context.js';
import { RoomRequest } from '../members/room-request.js';
import type { Handler, RoomInstance } from '../room/room-definition.js';
import type { ScheduledMethod } from '../timers/scheduled-method.js';
import type { TurnKind } from '../observe/room-observer.js';
import type { TurnBounds } from '../replies/turn-streams.js';
import type { TurnMeter } from '../traffic/turn-meter.js';
import { PresenceHandler } from './handlers/presence-handler.js';
import { ConnectExecution } from './connect-execution.js';
import { runGuards } from './enhancer-chain.js';
import type { EnhancerFinder, Method } from './enhancers.js';
import { HandlerPlan, type Host } from './handler-plan.js';
import { hooksOf, type RoomHooks } from './room-providers.js';
import type { FoundService } from './service-explorer.js';

/** Builds the instances of one service class with Nest's injector, and binds the handlers to them. */
export class RoomFactory {
  #plans: Plans | null = null;
  #areScoped = false;
  #presence: PresenceHandler | null = null;
  /** The guards of a connect, if all rooms can share them. */
  #sharedGuards: CanActivate[] | null = null;

  constructor(
    private readonly found: FoundService,
    private readonly scheduled: readonly ScheduledMethod[],
    private readonly finder: EnhancerFinder,
    readonly logger: Logger,
    /** Path of the rooms, such as `/ws/games/:game/:room`. */
    private readonly path: string,
    private readonly presence: PresenceSettings | null,
  ) {}

  /** Shared by all rooms. */
  get #presenceHandler(): PresenceHandler | null {
    const { presence, found } = this;
    return presence && (this.#presence ??= new PresenceHandler(`${found.type.name}.presence`, presence));
  }

  async instantiate(context: JamsocketContext): Promise<RoomInstance> {
    const plans = this.#prepare();
    const { wrapper } = this.found;
    const contextId = ContextIdFactory.create();
    const moduleRef = wrapper.host!.providers.get(ModuleRef)!.instance as ModuleRef;
    moduleRef.registerRequestByContextId(new RoomRequest(context, this.path), contextId);
    const service = await moduleRef.resolve<object>(wrapper.token as Type<object>, contextId, { strict: true });
    // Nest keeps all room-scoped instances while the id is referenced: keep the id only if scoped enhancers need it.
    const host: Host = { service, contextId: this.#areScoped ? contextId : undefined };
    return new BoundInstance(host, plans, hooksOf(service, wrapper, contextId), this.#presenceHandler);
  }

  /** Whether the guards of a connect are built for each room, so that the room must exist first. */
  get guardsNeedRoom(): boolean {
    this.#prepare();
    return this.#areScoped;
  }

  /**
   * Runs the guards of a connect; `undefined` if there are none.
   * @throws the error of a guard; RefusedError 403 if a guard returns false
   */
  admit(
    client: Client,
    instance: RoomInstance | null,
    context: JamsocketContext | null,
    request?: IncomingMessage,
  ): Promise<void> | undefined {
    const contextId = (instance as BoundInstance | null)?.host.contextId;
    const guards =
      contextId === undefined ? (this.#sharedGuards ??= this.#guards()) : this.#guards(instance!.service, contextId);
    if (guards.length === 0) return undefined;
    return letIn(guards, new ConnectExecution(client, context, this.found.type, this.#connectMethod(), request));
  }

  #guards(service?: object, contextId?: ContextId): CanActivate[] {
    const { type, wrapper } = this.found;
    const host = service ?? (Object.create(type.prototype as object) as object);
    return this.finder.findGuards(host, this.#connectMethod(), wrapper, contextId);
  }

  #connectMethod(): Method {
    const connect = this.found.handlers.find(({ metadata }) => metadata.kind === 'connect');
    return connect === undefined ? noHandler : (this.found.type.prototype as Record<string, Method>)[connect.method];
  }

  /** Not done before the first room: the application may add global enhancers until it listens. */
  #prepare(): Plans {
    if (this.#plans !== null) return this.#plans;
    this.#areScoped = this.finder.areScoped(this.found.wrapper);
    return (this.#plans = plansOf(this.found, this.scheduled, this.finder));
  }
}

async function letIn(guards: readonly CanActivate[], execution: ConnectExecution): Promise<void> {
  if (!(await runGuards(guards, execution))) throw new RefusedError(403, 'guard', 'Forbidden resource');
  execution.keepFindings();
}

/** Replaces `@OnConnect` in the execution context of a class that has guards but no such handler. */
function noHandler(): void {}

interface Plans {
  readonly single: ReadonlyMap<string, HandlerPlan>;
  readonly events: ReadonlyMap<string, HandlerPlan>;
  readonly timers: ReadonlyMap<string, HandlerPlan>;
  readonly scheduled: ReadonlyMap<string, HandlerPlan>;
}

function plansOf(
  { type, wrapper, handlers }: FoundService,
  methods: readonly ScheduledMethod[],
  finder: EnhancerFinder,
): Plans {
  const single = new Map<string, HandlerPlan>();
  const events = new Map<string, HandlerPlan>();
  const timers = new Map<string, HandlerPlan>();
  const methodOf = (name: string) => (type.prototype as Record<string, Method>)[name];
  for (const { method, metadata } of handlers) {
    const plan = new HandlerPlan(type, method, metadata, methodOf(method), wrapper, finder);
    if (metadata.kind === 'event') events.set(metadata.event, plan);
    else if (metadata.kind === 'timer') timers.set(metadata.timer, plan);
    else single.set(metadata.kind, plan);
  }
  const scheduled = new Map(
    methods.map(({ method }) => [
      method,
      new HandlerPlan(type, method, { kind: 'scheduled' }, methodOf(method), wrapper, finder),
    ]),
  );
  return { single, events, timers, scheduled };
}

class BoundInstance implements RoomInstance {
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
