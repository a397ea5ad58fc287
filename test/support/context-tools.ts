import {
  Injectable,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { ClsGuard, ClsModule, ClsServiceManager } from 'nestjs-cls';
import type { Client } from 'nestjs-jamsocket';
import { AsyncLocalStorage } from 'node:async_hooks';

/** A tool that keeps something for the length of a request, here the name of the user. */
export interface ContextTool {
  readonly name: string;
  /** Runs a handler as the user of its turn. */
  readonly enhance: MethodDecorator;
  read(): string | undefined;
  as<T>(user: string, run: () => T): T;
}

export function userOf(execution: ExecutionContext): string {
  return execution.switchToWs().getClient<Client>().request.query.get('user')!;
}

const storage = new AsyncLocalStorage<string>();

@Injectable()
class EntersUser implements CanActivate {
  canActivate(execution: ExecutionContext) {
    if (storage.getStore() === undefined) storage.enterWith(userOf(execution));
    return true;
  }
}

const USER = createContextKey('user');

@Injectable()
class RunsWithUser implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler) {
    return context.with(context.active().setValue(USER, userOf(execution)), () => next.handle());
  }
}

const cls = () => ClsServiceManager.getClsService<{ user: string }>();

/** What `CLS_TOOL` needs among the imports. */
export const clsModule = () =>
  ClsModule.forRoot({
    global: true,
    guard: { mount: false, setup: (found, execution) => found.set('user', userOf(execution)) },
  });

export const CONTEXT_TOOLS: readonly ContextTool[] = [
  {
    name: 'AsyncLocalStorage',
    enhance: UseGuards(EntersUser),
    read: () => storage.getStore(),
    as: (user, run) => storage.run(user, run),
  },
  {
    name: 'OpenTelemetry',
    enhance: UseInterceptors(RunsWithUser),
    read: () => context.active().getValue(USER) as string | undefined,
    as: (user, run) => context.with(ROOT_CONTEXT.setValue(USER, user), run),
  },
  {
    name: 'nestjs-cls',
    enhance: UseGuards(ClsGuard),
    read: () => cls().get('user'),
    as: (user, run) => cls().runWith({ user }, run),
  },
];
