import type { CanActivate, NestInterceptor, PipeTransform, Type } from '@nestjs/common';
import type { ApplicationConfig, ContextId, ModulesContainer, NestContainer } from '@nestjs/core';
import { GuardsContextCreator } from '@nestjs/core/guards/guards-context-creator.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { InterceptorsContextCreator } from '@nestjs/core/interceptors/interceptors-context-creator.js';
import { PipesContextCreator } from '@nestjs/core/pipes/pipes-context-creator.js';
import { hasMetadata } from '../decorators/metadata-accessor.js';
import { keepIssues } from './handlers/issue-keeping.js';
import { WsFilters, type BoundFilter } from './ws-filters.js';

/** The guards, interceptors and pipes of one handler, in Nest's order: global, class, method. */
export interface Enhancers {
  readonly guards: readonly CanActivate[];
  readonly interceptors: readonly NestInterceptor[];
  readonly pipes: readonly PipeTransform[];
}

export type Method = (...args: unknown[]) => unknown;

/** Nest's keys for enhancers on classes and methods (`@nestjs/common/constants`). */
const GUARDS_KEY = '__guards__';
const OTHER_KEYS = ['__interceptors__', '__pipes__'];

/**
 * Finds the enhancers of handlers with Nest's own context creators, so that they are built, scoped and ordered as for a
 * controller. Nest's `WsContextCreator` consists of the same classes, but it cannot be used itself: it calls guards and
 * handler together (on connect the upgrade comes between them), and it ignores global filters.
 */
export class EnhancerFinder {
  readonly #guards: GuardsContextCreator;
  readonly #interceptors: InterceptorsContextCreator;
  readonly #pipes: PipesContextCreator;
  readonly #filters: WsFilters;

  constructor(
    modules: ModulesContainer,
    private readonly config: ApplicationConfig,
  ) {
    // The creators call only this method of the container.
    const container = { getModules: () => modules } as unknown as NestContainer;
    this.#guards = new GuardsContextCreator(container, config);
    this.#interceptors = new InterceptorsContextCreator(container, config);
    this.#pipes = new PipesContextCreator(container, config);
    this.#filters = new WsFilters(container, config);
  }

  /** Whether guards apply to the method. */
  hasGuards(type: Type, method: Method): boolean {
    const { config } = this;
    const global = config.getGlobalGuards().length + config.getGlobalRequestGuards().length;
    return global > 0 || hasMetadata(GUARDS_KEY, type, method);
  }

  /** Whether interceptors or pipes apply to the method. */
  hasOthers(type: Type, method: Method): boolean {
    const { config } = this;
    const global = [
      config.getGlobalInterceptors(),
      config.getGlobalPipes(),
      config.getGlobalRequestInterceptors(),
      config.getGlobalRequestPipes(),
    ];
    return global.some((list) => list.length > 0) || OTHER_KEYS.some((key) => hasMetadata(key, type, method));
  }

  /** Whether an enhancer of the class is request-scoped or transient, so that rooms cannot share it. */
  areScoped(wrapper: InstanceWrapper): boolean {
    const own = wrapper.getEnhancersMetadata() ?? [];
    return (
      this.#globalScoped().length > 0 ||
      own.some((enhancer) => enhancer.isTransient || !enhancer.isDependencyTreeStatic())
    );
  }

  /** @param isGuarded whether the guards run too */
  find(
    service: object,
    method: Method,
    wrapper: InstanceWrapper,
    contextId: ContextId | undefined,
    isGuarded: boolean,
  ): Enhancers {
    const where = [service, method, moduleKeyOf(wrapper), contextId, wrapper.id] as const;
    return {
      guards: isGuarded ? this.#guards.create(...where) : NO_GUARDS,
      interceptors: this.#interceptors.create(...where),
      pipes: keepIssues(this.#pipes.create(...where)),
    };
  }

  findGuards(service: object, method: Method, wrapper: InstanceWrapper, contextId?: ContextId): CanActivate[] {
    return this.#guards.create(service, method, moduleKeyOf(wrapper), contextId, wrapper.id);
  }

  findFilters(service: object, method: Method, wrapper: InstanceWrapper, contextId?: ContextId): BoundFilter[] {
    return this.#filters.find(service, method, moduleKeyOf(wrapper), contextId, wrapper.id);
  }

  pipesOf(
    pipes: readonly (Type<PipeTransform> | PipeTransform)[],
    wrapper: InstanceWrapper,
    contextId?: ContextId,
  ): PipeTransform[] {
    this.#pipes.setModuleContext(moduleKeyOf(wrapper));
    return keepIssues(this.#pipes.createConcreteContext(pipes as never, contextId, wrapper.id));
  }

  #globalScoped(): InstanceWrapper[] {
    const { config } = this;
    return [
      ...config.getGlobalRequestGuards(),
      ...config.getGlobalRequestInterceptors(),
      ...config.getGlobalRequestPipes(),
      ...config.getGlobalRequestFilters(),
    ];
  }
}

const NO_GUARDS: readonly CanActivate[] = [];

function moduleKeyOf(wrapper: InstanceWrapper): string {
  return wrapper.host!.token;
}
