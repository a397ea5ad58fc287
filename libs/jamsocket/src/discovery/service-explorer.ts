import { Scope, type Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { handlerMetadataOf, serviceMetadataOf } from '../decorators/metadata-accessor.js';
import type { HandlerMetadata, ServiceMetadata } from '../decorators/metadata.js';
import { isStandardSchema } from '../decorators/standard-schema.js';
import { JamsocketConfigurationError } from '../base/errors.js';
import { foreignDecoratorOn } from './foreign-decorators.js';
import { withContract } from './handlers/contract-handlers.js';
import type { FoundHandler } from './handlers/found-handler.js';
import { refuseSwappedParameters } from './handlers/parameter-mistakes.js';
import { SharedState } from '../shared-state/shared-state.js';
import { isInstance } from '../base/foreign-value.js';
import { PathTemplate } from './path-template.js';
import { refuseClass } from './class-mistake.js';

/** A service class with its metadata. It has no instance yet. */
export interface FoundService {
  readonly type: Type;
  readonly wrapper: InstanceWrapper;
  readonly metadata: ServiceMetadata;
  readonly template: PathTemplate;
  readonly handlers: readonly FoundHandler[];
}

const scanner = new MetadataScanner();

/**
 * Finds the room services among the providers of all modules, and the mistakes in them.
 * @throws JamsocketConfigurationError that names the class, the method, the mistake and the cure
 */
export function exploreServices(modules: ModulesContainer): FoundService[] {
  const found = new Map<Type, FoundService>();
  for (const module of modules.values()) {
    for (const wrapper of [...module.providers.values(), ...module.controllers.values()] as InstanceWrapper[]) {
      const type = classOf(wrapper);
      if (type === undefined) continue;
      const metadata = serviceMetadataOf(type);
      if (metadata === undefined) {
        refuseStrayHandlers(type);
        continue;
      }
      const twin = found.get(type);
      if (twin !== undefined) {
        refuseClass(
          type,
          `is listed in the providers of ${twin.wrapper.host?.name} and of ${module.name}`,
          'list it in only one of them',
        );
      }
      found.set(type, describe(type, wrapper, metadata));
    }
  }
  refuseSamePaths([...found.values()]);
  return [...found.values()];
}

/** The handlers of a class, including inherited ones. */
function handlersOf(type: Type): FoundHandler[] {
  const prototype = type.prototype as Record<string, object>;
  return scanner.getAllMethodNames(prototype).flatMap((method) => {
    const metadata = handlerMetadataOf(prototype[method]);
    return metadata.map((one) => ({ method, metadata: one }));
  });
}

function classOf(wrapper: InstanceWrapper): Type | undefined {
  const { metatype } = wrapper;
  // A factory is a function, too, but has `inject` or no prototype.
  return typeof metatype === 'function' && metatype.prototype !== undefined && !wrapper.inject
    ? (metatype as Type)
    : undefined;
}

function describe(type: Type, wrapper: InstanceWrapper, metadata: ServiceMetadata): FoundService {
  if (wrapper.scope !== Scope.REQUEST) {
    refuseClass(
      type,
      'would have one instance for all rooms, because another scope overrides that of @JamsocketService()',
      'remove @Injectable() from the class, or the scope from its provider',
    );
  }
  const found = handlersOf(type);
  refuseTwoOfAKind(type, found);
  refuseSwappedParameters(type, found);
  const handlers = withContract(type, metadata.contract, found);
  refuseForeignDecorator(type);
  refuseUncalledHooks(type);
  refuseStaticState(type);
  return {
    type,
    wrapper,
    metadata,
    template: new PathTemplate(metadata.path, `@JamsocketService() on ${type.name}`),
    handlers,
  };
}

function refuseStrayHandlers(type: Type): void {
  const [stray] = handlersOf(type);
  if (stray === undefined) return;
  refuseClass(
    type,
    `has ${decoratorOf(stray.metadata)} on ${stray.method}() but is not a room service`,
    'decorate the class with @JamsocketService()',
  );
}

/** The packages of these decorators would build an instance of their own for each call. */
function refuseForeignDecorator(type: Type): void {
  const foreign = foreignDecoratorOn(type);
  if (foreign === undefined) return;
  refuseClass(type, `has ${foreign.what}, which would run on an instance without a room`, foreign.cure);
}

/** Hooks of the application. Rooms call only `onModuleInit` and `onModuleDestroy`. */
const UNCALLED_HOOKS: Readonly<Record<string, string>> = {
  onApplicationBootstrap: '@OnCreate() or onModuleInit(), which run when a room begins',
  beforeApplicationShutdown: '@OnDestroy() or onModuleDestroy(), which run when a room ends',
  onApplicationShutdown: '@OnDestroy() or onModuleDestroy(), which run when a room ends',
};

function refuseUncalledHooks(type: Type): void {
  for (const [hook, cure] of Object.entries(UNCALLED_HOOKS)) {
    if (hook in (type.prototype as object))
      refuseClass(type, `has ${hook}(), which Nest calls on singletons only`, `use ${cure}`);
  }
}

/** All rooms would share it, and only one room can be its owner. */
function refuseStaticState(type: Type): void {
  for (
    let above: object | null = type;
    typeof above === 'function';
    above = Object.getPrototypeOf(above) as object | null
  ) {
    // Getters are not called: they may do anything.
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(above)))
      if (isInstance(value, SharedState))
        refuseClass(
          type,
          `has a SharedState in the static field ${name}, which all rooms would share`,
          'remove "static"',
        );
  }
}

function refuseTwoOfAKind(type: Type, handlers: readonly FoundHandler[]): void {
  const seen = new Map<string, string>();
  for (const { method, metadata } of handlers) {
    const decorator = decoratorOf(metadata);
    const twin = seen.get(decorator);
    if (twin !== undefined)
      refuseClass(
        type,
        `has ${decorator} on both ${twin}() and ${method}()`,
        'keep one of them, and call the other from it',
      );
    seen.set(decorator, method);
    if (metadata.kind === 'event' && metadata.schema !== undefined && !isStandardSchema(metadata.schema)) {
      refuseClass(
        type,
        `has ${decorator} on ${method}() with a schema that is not a Standard Schema`,
        'use one of zod, valibot, arktype or another library of https://standardschema.dev',
      );
    }
  }
}

function refuseSamePaths(services: readonly FoundService[]): void {
  const byShape = new Map<string, FoundService>();
  for (const service of services) {
    const twin = byShape.get(service.template.shape);
    if (twin !== undefined) {
      const both = `${twin.type.name} and ${service.type.name}`;
      const isDefault = service.template.segments.length === 1;
      throw new JamsocketConfigurationError(
        isDefault
          ? `${both} are both the default service. Give one of them a path, as in @JamsocketService('${service.type.name.toLowerCase()}').`
          : `${both} have the same path "${service.template.toString()}". Give one of them another.`,
      );
    }
    byShape.set(service.template.shape, service);
  }
}

const DECORATORS: Readonly<Record<HandlerMetadata['kind'], string>> = {
  create: '@OnCreate',
  connect: '@OnConnect',
  resume: '@OnResume',
  auth: '@OnAuth',
  message: '@OnMessage',
  event: '@OnMessage',
  binary: '@OnBinary',
  disconnect: '@OnDisconnect',
  timer: '@OnTimer',
  destroy: '@OnDestroy',
};

function decoratorOf(metadata: HandlerMetadata): string {
  const argument =
    metadata.kind === 'event' ? `'${metadata.event}'` : metadata.kind === 'timer' ? `'${metadata.timer}'` : '';
  return `${DECORATORS[metadata.kind]}(${argument})`;
}
