import type { CanActivate, Logger, Type } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import type { PresenceSettings } from '../presence/presence-settings.js';
import type { Client } from '../members/client.js';
import type { JamsocketContext } from '../members/room-context.js';
import { RoomRequest } from '../members/room-request.js';
import type { RoomInstance } from '../room/room-definition.js';
import type { ScheduledMethod } from '../timers/scheduled-method.js';
import { PresenceHandler } from './handlers/presence-handler.js';
import { ConnectExecution } from './connect-execution.js';
import { runGuards } from './enhancer-chain.js';
import type { EnhancerFinder, Method } from './enhancers.js';
import { HandlerPlan } from './handler-plan.js';
import { BoundInstance, type Plans } from './instances/bound-instance.js';
import type { Host } from './instances/host.js';
import { injectedInstances } from './instances/injected-instances.js';
import { RoomBlueprint } from './instances/room-blueprint.js';
import { hooksOf } from './instances/room-hooks.js';
import type { FoundService } from './service-explorer.js';

/** Builds the instances of one service class with Nest's injector, and binds the handlers to them. */
export class RoomFactory {
  #plans: Plans | null = null;
  #areScoped = false;
  /** `undefined` before the first instance; `null` if Nest's injector has to build every one. */
  #blueprint: RoomBlueprint | null | undefined = undefined;
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

  /** At once, unless Nest's injector has to build the instance: the first one of each class, and all that need it. */
  instantiate(context: JamsocketContext): RoomInstance | Promise<RoomInstance> {
    const plans = this.#prepare();
    if (!this.#blueprint) return this.#inject(context, plans);
    const instances = this.#blueprint.build(context);
    return this.#bind({ service: instances[0], scoped: null }, plans, instances);
  }

  async #inject(context: JamsocketContext, plans: Plans): Promise<RoomInstance> {
    const { wrapper } = this.found;
    const contextId = ContextIdFactory.create();
    const moduleRef = wrapper.host!.providers.get(ModuleRef)!.instance as ModuleRef;
    moduleRef.registerRequestByContextId(new RoomRequest(context, this.path), contextId);
    const service = await moduleRef.resolve<object>(wrapper.token as Type<object>, contextId, { strict: true });
    if (this.#blueprint === undefined)
      this.#blueprint =
        this.#areScoped || changesInstances(moduleRef)
          ? null
          : RoomBlueprint.of(wrapper, contextId, context, this.path);
    // Nest keeps all room-scoped instances while the id is referenced: keep the id only if scoped enhancers need it.
    const host: Host = { service, scoped: this.#areScoped ? { contextId, found: new Map() } : null };
    return this.#bind(host, plans, injectedInstances(service, wrapper, contextId));
  }

  #bind(host: Host, plans: Plans, instances: readonly object[]): RoomInstance {
    return new BoundInstance(host, plans, hooksOf(instances), this.#presenceHandler);
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
    const contextId = (instance as BoundInstance | null)?.host.scoped?.contextId;
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

/** Whether the injector may replace what it builds: the option `instrument` of `NestFactory.create`. */
function changesInstances(moduleRef: ModuleRef): boolean {
  const { injector } = moduleRef as unknown as { readonly injector?: { readonly options?: object } };
  const options: { readonly instanceDecorator?: unknown } | undefined = injector?.options;
  return options === undefined || options.instanceDecorator !== undefined;
}

/** Replaces `@OnConnect` in the execution context of a class that has guards but no such handler. */
function noHandler(): void {}

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
