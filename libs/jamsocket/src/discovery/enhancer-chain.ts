import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor, PipeTransform } from '@nestjs/common';
import { AsyncResource } from 'node:async_hooks';
import { from, isObservable, lastValueFrom, mergeMap, Observable, of } from 'rxjs';

/**
 * Guards, interceptors and pipes as Nest's own consumers run them, but without a promise where everything is
 * synchronous: those make a dozen for every message.
 */

/** Goes on at once if there is nothing to wait for. What is no real promise may have a `then` that returns anything. */
export function after<T, R>(value: T | PromiseLike<T>, step: (value: T) => R | PromiseLike<R>): R | PromiseLike<R> {
  return isPromiseLike(value) ? Promise.resolve(value).then(step) : step(value);
}

/** Whether every guard, from `at` on, says yes. */
export function runGuards(
  guards: readonly CanActivate[],
  execution: ExecutionContext,
  at = 0,
): boolean | PromiseLike<boolean> {
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

/** Passes a value through pipes, from `at` on. */
export function runPipes(value: unknown, metadata: object, pipes: readonly PipeTransform[], at = 0): unknown {
  for (; at < pipes.length; at++) {
    value = pipes[at].transform(value, metadata as never);
    const next = at + 1;
    if (isPromiseLike(value)) return Promise.resolve(value).then((settled) => runPipes(settled, metadata, pipes, next));
  }
  return value;
}

/** Calls the method through the interceptors, from `at` on; each decides whether and when the rest runs. */
export function runInterceptors(
  interceptors: readonly NestInterceptor[],
  execution: ExecutionContext,
  callMethod: () => unknown,
  at = 0,
): unknown {
  if (at === interceptors.length) return callMethod();
  const next: CallHandler = {
    handle: () => {
      // Runs in the scope of whoever calls handle(), as Nest has it: `als.run(store, () => next.handle())` reaches the handler.
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

/** A handler's result as a stream: what it resolves with, and what that emits if it is a stream itself. */
function valuesOf(result: unknown): Observable<unknown> {
  if (isObservable(result)) return result;
  if (!isPromiseLike(result)) return of(result);
  return from(Promise.resolve(result)).pipe(mergeMap(valuesOf));
}

export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null)?.then === 'function';
}
