import { Inject, Injectable, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { GuardsConsumer } from '@nestjs/core/guards/guards-consumer.js';
import type { ResolvedOptions } from '../jamsocket.options.resolve.js';
import { RESOLVED_OPTIONS } from './http-tokens.js';

const guardsConsumer = new GuardsConsumer();

/** Runs the guards of the option `http.guards`: they are known too late to stand on the controller themselves. */
@Injectable()
export class HttpRoutesGuard implements CanActivate {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly moduleRef: ModuleRef,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { http } = this.options;
    if (http === false) return false;
    const guards = await Promise.all(http.guards.map((guard) => this.#instanceOf(guard)));
    const host = { constructor: context.getClass() };
    return guardsConsumer.tryActivate(guards, context.getArgs(), host, context.getHandler() as never, 'http');
  }

  /** The application's own instance of the class, or one made for it here if it is nobody's provider. */
  async #instanceOf(guard: Type<CanActivate> | CanActivate): Promise<CanActivate> {
    if (typeof guard !== 'function') return guard;
    try {
      return this.moduleRef.get(guard, { strict: false });
    } catch {
      return this.moduleRef.create(guard);
    }
  }
}
