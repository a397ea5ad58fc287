import { AsyncResource, type AsyncLocalStorage } from 'node:async_hooks';

/** Created when this library is loaded, before any request: its async context belongs to no request. */
const detached = new AsyncResource('Jamsocket');

let carried: AsyncLocalStorage<unknown> | undefined;

/** @internal Lets the test kit tell which application detached work belongs to. */
export function carryIntoDetachedContext(storage: AsyncLocalStorage<unknown>): void {
  carried = storage;
}

function createScope(): AsyncResource {
  return new AsyncResource('JamsocketTurn');
}

/**
 * Runs a function in a new async context without a client, request or caller: for all work that the library starts by
 * itself. On Node 20 and 22 a store entered in a callback of Node (a timer, an HTTP parser) leaks into the next
 * callback, which may serve another client.
 */
export function inDetachedContext<T>(run: () => T): T {
  const store = carried?.getStore();
  const scope = detached.runInAsyncScope(createScope);
  return store === undefined ? scope.runInAsyncScope(run) : scope.runInAsyncScope(() => carried!.run(store, run));
}
