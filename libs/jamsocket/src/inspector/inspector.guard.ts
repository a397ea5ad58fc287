import { ForbiddenException, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { authorityOf } from '../base/request-target.js';
import { runListedGuards } from '../http/listed-guards.js';
import { INSPECTOR_OPTIONS, type ResolvedInspectorOptions } from './inspector-options.js';

/** `localhost`, `app.localhost`, `127.0.0.1`, `[::1]`, each with or without a port: names that only this machine gives itself. */
const LOOPBACK = /^(?:(?:[\w-]+\.)*localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Runs the guards of the option `guards`. Where there are none, which is so in development only, it lets in who has asked for
 * this machine by name: the page of another site can be given a name that leads here (DNS rebinding), but not that one.
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
    'Without guards the inspector answers to localhost only. To reach it by another name, list who may see it in the option "guards" of JamsocketInspectorModule.',
  );
}
