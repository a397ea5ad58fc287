import type { CanActivate, ExecutionContext, NestInterceptor, PipeTransform } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { catchError, lastValueFrom, map, Observable, of, retry, toArray } from 'rxjs';
import { runGuards, runInterceptors, runPipes } from './enhancer-chain.js';

const execution = {} as ExecutionContext;
const guard = (answer: ReturnType<CanActivate['canActivate']>): CanActivate => ({ canActivate: () => answer });
const pipe = (transform: (value: any) => unknown): PipeTransform => ({ transform });
const addOne = pipe((value) => value + 1);
const doubleLater = pipe(async (value) => value * 2);

describe('guards', () => {
  it.each<[string, CanActivate[], boolean]>([
    ['none', [], true],
    ['all yes', [guard(true), guard(true)], true],
    ['one no', [guard(true), guard(false)], false],
  ])('%s: the answer is there at once', (_what, guards, answer) => {
    expect(runGuards(guards, execution)).toBe(answer);
  });

  it.each<[string, CanActivate[], boolean]>([
    ['a promise', [guard(Promise.resolve(true)), guard(true)], true],
    ['a promise of no', [guard(Promise.resolve(false)), guard(true)], false],
    ['an Observable', [guard(of(true)), guard(true)], true],
    ['an Observable of no behind others', [guard(true), guard(Promise.resolve(true)), guard(of(true, false))], false],
  ])('%s is waited for', async (_what, guards, answer) => {
    expect(await runGuards(guards, execution)).toBe(answer);
  });

  it('asks no further guard after a refusal', () => {
    const never: CanActivate = {
      canActivate: () => {
        throw new Error('asked');
      },
    };
    expect(runGuards([guard(false), never], execution)).toBe(false);
  });
});

describe('pipes', () => {
  it('run in order, and at once if none is async', () => {
    expect(runPipes(1, {}, [addOne, addOne])).toBe(3);
  });

  it('wait for each other if one is async', async () => {
    expect(await runPipes(1, {}, [addOne, doubleLater, addOne])).toBe(5);
  });
});

describe('interceptors', () => {
  const resultsOf = (interceptors: NestInterceptor[], callMethod: () => unknown) =>
    lastValueFrom((runInterceptors(interceptors, execution, callMethod) as Observable<unknown>).pipe(toArray()));
  const tag = (name: string): NestInterceptor => ({
    intercept: (_execution, next) => next.handle().pipe(map((value) => `${name}(${String(value)})`)),
  });

  it.each<[string, () => unknown]>([
    ['a value', () => 'x'],
    ['a promise', () => Promise.resolve('x')],
    ['an Observable', () => of('x')],
    ['a promise of an Observable', () => Promise.resolve(of('x'))],
  ])('wrap %s, the first outermost', async (_what, callMethod) => {
    expect(await resultsOf([tag('a'), tag('b')], callMethod)).toEqual(['a(b(x))']);
  });

  it('see every value of a stream', async () => {
    expect(await resultsOf([tag('a')], () => of(1, 2, 3))).toEqual(['a(1)', 'a(2)', 'a(3)']);
  });

  it('may be async', async () => {
    const late: NestInterceptor = { intercept: async (_execution, next) => next.handle() };
    const result = runInterceptors([late], execution, () => 'x') as Promise<Observable<unknown>>;
    expect(await lastValueFrom(await result)).toBe('x');
  });

  it('decide whether the method runs at all, and whether again', async () => {
    let calls = 0;
    const skip: NestInterceptor = { intercept: () => of('instead') };
    expect(await resultsOf([skip], () => ++calls)).toEqual(['instead']);
    expect(calls).toBe(0);
    const again: NestInterceptor = { intercept: (_execution, next) => next.handle().pipe(retry(2)) };
    const failTwice = () => {
      if (++calls < 3) throw new Error('not yet');
      return calls;
    };
    expect(await resultsOf([again], failTwice)).toEqual([3]);
  });

  it.each<[string, () => unknown]>([
    [
      'thrown',
      () => {
        throw new Error('no');
      },
    ],
    ['rejected', () => Promise.reject(new Error('no'))],
  ])('can catch what is %s', async (_how, callMethod) => {
    const rescue: NestInterceptor = {
      intercept: (_execution, next) => next.handle().pipe(catchError((error: Error) => of(`caught ${error.message}`))),
    };
    expect(await resultsOf([tag('a'), rescue], callMethod)).toEqual(['a(caught no)']);
  });

  it('hand their async context on to the method', async () => {
    const storage = new AsyncLocalStorage<string>();
    const inStore: NestInterceptor = { intercept: (_execution, next) => storage.run('stored', () => next.handle()) };
    expect(await resultsOf([inStore, tag('a')], () => storage.getStore())).toEqual(['a(stored)']);
  });
});
