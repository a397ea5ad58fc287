/** Runs `step` at once if there is nothing to wait for. A thenable is wrapped, since its `then` may return anything. */
export function after<T, R>(value: T | PromiseLike<T>, step: (value: T) => R | PromiseLike<R>): R | Promise<R> {
  if (isPromiseLike(value)) return Promise.resolve(value).then(step);
  return step(value) as R | Promise<R>;
}

export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null)?.then === 'function';
}
