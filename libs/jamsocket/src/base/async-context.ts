import { AsyncResource, type AsyncLocalStorage } from 'node:async_hooks';

/** In the context in which this library was loaded: before any request, and so of nobody. */
const nobody = new AsyncResource('Jamsocket');

let carried: AsyncLocalStorage<unknown> | undefined;

/** @internal Lets the test kit see whose application goes on in the context of nobody. */
export function carryIntoContextOfNobody(storage: AsyncLocalStorage<unknown>): void {
  carried = storage;
}

function createScope(): AsyncResource {
  return new AsyncResource('JamsocketTurn');
}

/** Runs something in the present async context; what it enters there (`enterWith`) is gone when it returns. */
export function inOwnContext<T>(run: () => T): T {
  return createScope().runInAsyncScope(run);
}

/**
 * Runs something in an async context of its own that knows of no client, request or caller: for all that the library
 * begins by itself. On Node 20 and 22 what is entered in a callback of Node (a timer's, an HTTP parser's) stays there
 * for the next one, who may be somebody else.
 */
export function inContextOfNobody<T>(run: () => T): T {
  const store = carried?.getStore();
  const scope = nobody.runInAsyncScope(createScope);
  return store === undefined ? scope.runInAsyncScope(run) : scope.runInAsyncScope(() => carried!.run(store, run));
}
