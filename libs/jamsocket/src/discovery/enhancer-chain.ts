import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor, PipeTransform } from '@nestjs/common';
import { AsyncResource } from 'node:async_hooks';
import { from, isObservable, lastValueFrom, mergeMap, Observable, of } from 'rxjs';
import { after, isPromiseLike } from '../base/after.js';

/**
 * Runs guards, interceptors and pipes as Nest's own consumers do, but without promises if everything is synchronous:
 * Nest's consumers create a dozen for every message.
 */

/** Whether every guard, from index `at` on, admits the call. */
export function runGuards(
  guards: readonly CanActivate[],
  execution: ExecutionContext,
  at = 0,
): boolean | Promise<boolean> {
  for (; at < guards.length; at++) {
    const answer = guards[at].canActivate(execution);
    if (typeof answer === 'boolean') {
      if (!answer) return false;
      continue;
    }
    const next = at + 1;
    return after<boolean | Observable<boolean>, boolean>(answer, (settled) =>
      after(isObservable(settled) ? lastValueFrom(settled) : settled, (isAdmitted) =>
        isAdmitted ? runGuards(guards, execution, next) : false,
      ),
    );
  }
  return true;
}

/** Passes a value through the pipes, from index `at` on. */
export function runPipes(value: unknown, metadata: object, pipes: readonly PipeTransform[], at = 0): unknown {
  for (; at < pipes.length; at++) {
    value = pipes[at].transform(value, metadata as never);
    const next = at + 1;
    if (isPromiseLike(value)) return Promise.resolve(value).then((settled) => runPipes(settled, metadata, pipes, next));
  }
  return value;
}

/** Calls the method through the interceptors, from index `at` on; each decides whether and when the rest runs. */
export function runInterceptors(
  interceptors: readonly NestInterceptor[],
  execution: ExecutionContext,
  callMethod: () => unknown,
  at = 0,
): unknown {
  if (at === interceptors.length) return callMethod();
  const next: CallHandler = {
    handle: () => {
      // As in Nest, the handler runs in the async context of the call of handle(): `als.run(store, () => next.handle())` works.
      const scope = new AsyncResource('JamsocketHandler');
      return new Observable((subscriber) =>
        scope.runInAsyncScope(() => {
          const rest = runInterceptors(interceptors, execution, callMethod, at + 1);
          return valuesOf(rest).subscribe(subscriber);
        }),
      );
    },
  };
  return interceptors[at].intercept(execution, next);
}

/** A handler's result as a stream. Promises are resolved, and streams are flattened. */
function valuesOf(result: unknown): Observable<unknown> {
  if (isObservable(result)) return result;
  if (!isPromiseLike(result)) return of(result);
  return from(Promise.resolve(result)).pipe(mergeMap(valuesOf));
}
