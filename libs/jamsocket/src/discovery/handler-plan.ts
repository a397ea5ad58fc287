import type { Type } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { after } from '../base/after.js';
import { paramTypesOf, returnTypeOf } from '../decorators/metadata-accessor.js';
import type { HandlerMetadata } from '../decorators/metadata.js';
import type { StandardSchema } from '../decorators/standard-schema.js';
import type { Client } from '../members/client.js';
import { ForbiddenMessage, MessageValidationError } from '../replies/exceptions.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { TurnKind } from '../observe/room-observer.js';
import type { TurnBounds } from '../replies/turn-streams.js';
import type { TurnMeter } from '../traffic/turn-meter.js';
import { runGuards, runInterceptors } from './enhancer-chain.js';
import type { EnhancerFinder, Enhancers, Method } from './enhancers.js';
import {
  parameterPipes,
  parametersOf,
  pipeMessage,
  resolveParameters,
  type WsArguments,
} from './handler-parameters.js';
import { GUARDED, HOOKS, SHAPES, type Shape } from './handlers/handler-kinds.js';
import type { HandlerEnhancers, Host } from './instances/host.js';
import { InterceptedCall } from './intercepted-call.js';
import { ownAnswer } from './own-answer.js';
import { RoomExecutionContext } from './room-execution.js';
import { filterFor } from './ws-filters.js';

/** How to call one method of a service class. There is one plan for each method; all rooms share it. */
export class HandlerPlan {
  readonly name: string;
  isAsync: boolean;
  meter: TurnMeter | null = null;
  readonly #shape: Shape;
  readonly #parameters: ReturnType<typeof parametersOf>;
  /** The declared type of the message, for pipes. */
  readonly #metatype: unknown;
  /** The method has no enhancers and no decorated parameters: the room calls it directly. */
  readonly #isDirect: boolean;
  readonly #isGuarded: boolean;
  readonly #isHook: boolean;
  /** The enhancers, if all rooms can share them. */
  #shared: HandlerEnhancers | null = null;

  constructor(
    type: Type,
    methodName: string,
    private readonly metadata: HandlerMetadata | { readonly kind: 'scheduled' },
    private readonly method: Method,
    private readonly wrapper: InstanceWrapper,
    private readonly finder: EnhancerFinder,
  ) {
    this.name = `${type.name}.${methodName}`;
    this.#shape = SHAPES[metadata.kind];
    this.#parameters = parametersOf(type, methodName);
    this.#isGuarded = GUARDED.includes(metadata.kind);
    this.#isHook = HOOKS.includes(metadata.kind);
    const isEnhanced =
      (this.#isGuarded && finder.hasGuards(type, method)) || (!this.#isHook && finder.hasOthers(type, method));
    this.#isDirect = this.#parameters === undefined && !isEnhanced;
    this.isAsync = !this.#isDirect || this.#schema !== undefined || isDeclaredAsync(type, methodName, method);
    this.#metatype = paramTypesOf(type, methodName)[1];
  }

  call(
    host: Host,
    client: Client | undefined,
    message: unknown,
    context: JamsocketContext,
    bounds: TurnBounds,
  ): unknown {
    if (!this.#isDirect) return this.#callEnhanced(host, client, message, context, bounds);
    if (this.#schema !== undefined) return this.#callValidated(host, client, message, context);
    switch (this.#shape) {
      case 'message':
        return this.method.call(host.service, client, message, context);
      case 'client':
        return this.method.call(host.service, client, context);
      case 'admitted':
        return this.method.call(host.service, client, context, message);
      case 'timer':
        return this.method.call(host.service, context, message);
      case 'context':
        return this.method.call(host.service, context);
    }
  }

  get kind(): TurnKind {
    return this.metadata.kind;
  }

  /** Passes the error to the first filter that catches it. @returns false if there is none */
  filter(
    host: Host,
    error: unknown,
    client: Client | undefined,
    message: unknown,
    context: JamsocketContext,
  ): boolean | Promise<boolean> {
    const filters = this.finder.findFilters(host.service, this.method, this.wrapper, host.scoped?.contextId);
    const filter = filterFor(filters, error);
    if (filter === undefined) return false;
    const args = this.#arguments(client, message, context);
    const execution = new RoomExecutionContext(args, host.service.constructor as Type, this.method);
    return Promise.resolve(filter.func(error, execution) as unknown).then(() => true);
  }

  get #schema(): StandardSchema | undefined {
    return this.metadata.kind === 'event' ? this.metadata.schema : undefined;
  }

  #arguments(client: Client | undefined, message: unknown, context: JamsocketContext): WsArguments {
    const { metadata } = this;
    return [client, message, context, metadata.kind === 'event' ? metadata.event : metadata.kind];
  }

  #callEnhanced(
    host: Host,
    client: Client | undefined,
    message: unknown,
    context: JamsocketContext,
    bounds: TurnBounds,
  ): unknown {
    const enhancers = this.#enhancersOf(host);
    const { guards, interceptors } = enhancers;
    const { turn } = bounds;
    const args = this.#arguments(client, message, context);
    const { service } = host;
    const execution = new RoomExecutionContext(args, service.constructor as Type, this.method);
    const callMethod = () =>
      after(this.#values(execution, enhancers), (values) => this.method.apply(service, values as unknown[]));
    return after(runGuards(guards, execution), (isAdmitted) => {
      if (!isAdmitted) throw new ForbiddenMessage();
      if (interceptors.length === 0) return callMethod();
      const call = new InterceptedCall(this.name, this.kind === 'disconnect' ? undefined : client, turn, bounds);
      const intercept = (method: () => unknown) =>
        runInterceptors(interceptors, execution, () => call.valuesOf(method()));
      // Clients expect no reply to these: send one only if the handler itself returns a value.
      const hasJoined = this.kind === 'connect' || this.#shape === 'admitted';
      const result = hasJoined ? ownAnswer(callMethod, intercept) : intercept(callMethod);
      return after(result, (intercepted) => call.resultOf(intercepted));
    });
  }

  async #callValidated(
    host: Host,
    client: Client | undefined,
    message: unknown,
    context: JamsocketContext,
  ): Promise<unknown> {
    return this.method.call(host.service, client, await this.#validated(message), context);
  }

  /** The arguments of the method. The schema runs first, then the pipes. */
  #values(execution: RoomExecutionContext, enhancers: HandlerEnhancers): unknown {
    if (this.#schema === undefined) return this.#pipedValues(execution, enhancers);
    const args = execution.getArgs<unknown[]>();
    return this.#validated(args[1]).then((value) => {
      args[1] = value;
      return this.#pipedValues(execution, enhancers);
    });
  }

  #pipedValues(execution: RoomExecutionContext, { pipes, parameterPipes }: HandlerEnhancers): unknown {
    const [client, message, context] = execution.getArgs<unknown[]>();
    if (this.#parameters !== undefined) {
      return resolveParameters(this.#parameters, execution, parameterPipes);
    }
    if (this.#shape === 'context') return [context];
    if (this.#shape === 'timer') return [context, message];
    if (this.#shape === 'client') return [client, context];
    if (this.#shape === 'admitted') return [client, context, message];
    if (pipes.length === 0) return [client, message, context];
    return after(pipeMessage(message, this.#metatype, pipes), (piped) => [client, piped, context]);
  }

  async #validated(message: unknown): Promise<unknown> {
    const result = await this.#schema!['~standard'].validate(message);
    if (result.issues === undefined) return result.value;
    throw new MessageValidationError((this.metadata as { event: string }).event, result.issues);
  }

  #enhancersOf({ service, scoped }: Host): HandlerEnhancers {
    if (scoped === null) return (this.#shared ??= this.#find(service, undefined));
    let found = scoped.found.get(this);
    if (found === undefined) scoped.found.set(this, (found = this.#find(service, scoped.contextId)));
    return found;
  }

  #find(service: object, contextId: ContextId | undefined): HandlerEnhancers {
    const { finder, wrapper, method } = this;
    const enhancers = this.#isHook ? NO_ENHANCERS : finder.find(service, method, wrapper, contextId, this.#isGuarded);
    const pipes = parameterPipes(this.#parameters ?? [], enhancers.pipes, finder, wrapper, contextId);
    return { ...enhancers, parameterPipes: pipes };
  }
}

/** TypeScript emits the declared return type of a decorated method, and `Promise` for an `async` one that it down-levels. */
function isDeclaredAsync(type: Type, methodName: string, method: Method): boolean {
  if (method.constructor.name === 'AsyncFunction') return true;
  return returnTypeOf(type, methodName) === Promise;
}

const NO_ENHANCERS: Enhancers = { guards: [], interceptors: [], pipes: [] };
