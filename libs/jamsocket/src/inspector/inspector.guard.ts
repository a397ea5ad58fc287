import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { runListedGuards } from '../http/listed-guards.js';
import { INSPECTOR_OPTIONS, type ResolvedInspectorOptions } from './inspector-options.js';

/** Runs the guards of the option `guards`. */
@Injectable()
export class InspectorGuard implements CanActivate {
  constructor(
    @Inject(INSPECTOR_OPTIONS) private readonly options: ResolvedInspectorOptions,
    private readonly moduleRef: ModuleRef,
  ) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    return runListedGuards(this.options.guards, context, this.moduleRef);
  }
}
