import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import { ContextUtils } from '@nestjs/core/helpers/context-utils.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { PipesConsumer } from '@nestjs/core/pipes/pipes-consumer.js';
import { WsParamsFactory } from '@nestjs/websockets/factories/ws-params-factory.js';
import { parameterMetadataOf, paramTypesOf } from '../decorators/metadata-accessor.js';
import { runPipes } from './enhancer-chain.js';
import type { EnhancerFinder } from './enhancers.js';

/** The arguments `(client, message, ctx, pattern)` that guards, interceptors, filters and parameter decorators see. */
export type WsArguments = readonly unknown[];

/** A decorated parameter of a handler. */
export interface Parameter {
  readonly index: number;
  readonly type: number | string;
  readonly data: unknown;
  readonly schema: unknown;
  readonly metatype: unknown;
  readonly pipes: readonly (Type<PipeTransform> | PipeTransform)[];
  extract(execution: ExecutionContext): unknown;
}

const contextUtils = new ContextUtils();
const paramsFactory = new WsParamsFactory();
const pipesConsumer = new PipesConsumer();

/** The decorated parameters of a method; `undefined` if it has none and takes its arguments by position. */
export function parametersOf(type: Type, method: string): Parameter[] | undefined {
  const metadata = parameterMetadataOf(type, method);
  if (metadata === undefined) return undefined;
  const metatypes = paramTypesOf(type, method);
  return Object.entries(metadata).map(([key, { index, data, pipes, schema, factory }]) => {
    const kind = contextUtils.mapParamType(key);
    const extract = factory
      ? (execution: ExecutionContext) => factory(data, execution)
      : (execution: ExecutionContext) =>
          paramsFactory.exchangeKeyForValue(
            Number(kind),
            data as string,
            execution.getArgs<[unknown, unknown]>(),
          ) as unknown;
    return {
      index,
      data,
      schema,
      pipes: pipes ?? [],
      type: factory ? kind : Number(kind),
      metatype: metatypes[index],
      extract,
    };
  });
}

/** The pipes of each parameter, those of its handler first. Look them up once: they do not change. */
export function parameterPipes(
  parameters: readonly Parameter[],
  pipes: readonly PipeTransform[],
  finder: EnhancerFinder,
  wrapper: InstanceWrapper,
  contextId: ContextId | undefined,
): readonly (readonly PipeTransform[])[] {
  return parameters.map((parameter) => [...pipes, ...finder.pipesOf(parameter.pipes, wrapper, contextId)]);
}

/** The values of decorated parameters, each passed through its pipes. */
export async function resolveParameters(
  parameters: readonly Parameter[],
  execution: ExecutionContext,
  pipes: readonly (readonly PipeTransform[])[],
): Promise<unknown[]> {
  const values: unknown[] = [];
  await Promise.all(
    parameters.map(async (parameter, at) => {
      const { index, metatype, type, data, schema } = parameter;
      const value = parameter.extract(execution);
      values[index] =
        pipes[at].length === 0 ? await value : await applyPipes(value, { metatype, type, data, schema }, pipes[at]);
    }),
  );
  return values;
}

/** Passes the message of a handler without decorated parameters through the pipes. Nest calls a payload `body`. */
export function pipeMessage(message: unknown, metatype: unknown, pipes: readonly PipeTransform[]): unknown {
  return runPipes(message, { metatype, type: 'body', data: undefined }, pipes);
}

function applyPipes(value: unknown, metadata: object, pipes: readonly PipeTransform[]): Promise<unknown> {
  return pipesConsumer.apply(value, metadata as never, pipes as PipeTransform[]);
}
