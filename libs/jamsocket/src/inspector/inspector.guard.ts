import { ForbiddenException, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { authorityOf } from '../base/request-target.js';
import { runListedGuards } from '../http/listed-guards.js';
import { INSPECTOR_OPTIONS, type ResolvedInspectorOptions } from './inspector-options.js';

/** `localhost`, `app.localhost`, `127.0.0.1`, `[::1]`, with or without a port: names that always mean this machine. */
const LOOPBACK = /^(?:(?:[\w-]+\.)*localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Runs the guards of the option `guards`. Without guards, which is possible only in development, it allows only requests
 * to a loopback name: another site can point its own name to this machine (DNS rebinding), but not a loopback name.
 */
@Injectable()
export class InspectorGuard implements CanActivate {
  constructor(
    @Inject(INSPECTOR_OPTIONS) private readonly options: ResolvedInspectorOptions,
    private readonly moduleRef: ModuleRef,
  ) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    const { guards } = this.options;
    if (guards.length === 0) requireLoopback(context.switchToHttp().getRequest<IncomingMessage>());
    return runListedGuards(guards, context, this.moduleRef);
  }
}

/** @throws ForbiddenException */
function requireLoopback(request: IncomingMessage): void {
  if (LOOPBACK.test(authorityOf(request) ?? '')) return;
  throw new ForbiddenException(
    'Without guards the inspector is available on localhost only. To reach it by another name, add a guard to the option "guards" of JamsocketInspectorModule.',
  );
}
