import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { GuardsConsumer } from '@nestjs/core/guards/guards-consumer.js';

const guardsConsumer = new GuardsConsumer();

/** Runs guards that are listed in an option instead of `@UseGuards()`. */
export async function runListedGuards(
  guards: readonly (Type<CanActivate> | CanActivate)[],
  context: ExecutionContext,
  moduleRef: ModuleRef,
): Promise<boolean> {
  const instances = await Promise.all(guards.map((guard) => instanceOf(guard, moduleRef)));
  const host = { constructor: context.getClass() };
  return guardsConsumer.tryActivate(instances, context.getArgs(), host, context.getHandler() as never, 'http');
}

/** The application's instance of the class, or a new one if the class is not a provider. */
async function instanceOf(guard: Type<CanActivate> | CanActivate, moduleRef: ModuleRef): Promise<CanActivate> {
  if (typeof guard !== 'function') return guard;
  try {
    return moduleRef.get(guard, { strict: false });
  } catch {
    return moduleRef.create(guard);
  }
}
