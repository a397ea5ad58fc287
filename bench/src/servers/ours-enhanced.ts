import {
  Injectable,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { Client } from 'nestjs-jamsocket';
import { serveOurs } from './ours.js';

@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext) {
    return context.switchToWs().getClient<Client>().id >= 0;
  }
}

@Injectable()
class Pipe implements PipeTransform {
  transform(value: unknown) {
    return value;
  }
}

@Injectable()
class Interceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle();
  }
}

await serveOurs([
  { provide: APP_GUARD, useClass: Guard },
  { provide: APP_PIPE, useClass: Pipe },
  { provide: APP_INTERCEPTOR, useClass: Interceptor },
]);
