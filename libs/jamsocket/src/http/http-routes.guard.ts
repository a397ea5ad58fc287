import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { ResolvedOptions } from '../options/resolved.js';
import { RESOLVED_OPTIONS } from './http-tokens.js';
import { runListedGuards } from './listed-guards.js';

/** Runs the guards of the option `http.guards`, which is known too late for `@UseGuards()` on the controller. */
@Injectable()
export class HttpRoutesGuard implements CanActivate {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly moduleRef: ModuleRef,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { http } = this.options;
    return http !== false && runListedGuards(http.guards, context, this.moduleRef);
  }
}
