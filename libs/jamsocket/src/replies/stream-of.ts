import { isObservable, Observable, type Subscriber } from 'rxjs';

/** After so many items the rest of the process has its turn: a generator may never wait. */
const ITEMS_AT_A_TIME = 64;

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * A result that is many values, as a stream of them: an Observable, what an `async *` or a `*` method returns, or
 * anything else that can be read by `for await`, such as a Node stream. A list is one value.
 * @param report takes errors that come when the stream has ended already
 * @returns `undefined` if the result is one value
 */
export function streamOf(result: object, report: (error: unknown) => void): Observable<unknown> | undefined {
  if (isObservable(result)) return result;
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now, next } = result as Partial<Iterated>;
  if (typeof later === 'function') return itemsOf(() => later.call(result), report);
  const isIterator = typeof next === 'function' && typeof now === 'function';
  return isIterator ? itemsOf(() => now.call(result), report) : undefined;
}

interface Iterated extends AsyncIterable<unknown>, Iterable<unknown> {
  next(): unknown;
}

function itemsOf(open: () => AnyIterator, report: (error: unknown) => void): Observable<unknown> {
  return new Observable((subscriber) => {
    const source = { iterator: open(), isDone: false };
    pull(source, subscriber).catch(report);
    return () => {
      if (!source.isDone) stop(source.iterator).catch(report);
    };
  });
}

interface Source {
  readonly iterator: AnyIterator;
  isDone: boolean;
}

/** Rejects with an error that the subscriber cannot be told of. */
async function pull(source: Source, subscriber: Subscriber<unknown>): Promise<void> {
  for (let count = 1; !subscriber.closed; count++) {
    let item: IteratorResult<unknown>;
    try {
      item = await source.iterator.next();
      source.isDone = item.done === true;
      // What an iterator that is not async has made may be a promise.
      if (!source.isDone) item = { value: await item.value };
    } catch (error) {
      source.isDone = true;
      if (subscriber.closed) throw error;
      return subscriber.error(error);
    }
    if (source.isDone) return subscriber.complete();
    subscriber.next(item.value);
    if (count % ITEMS_AT_A_TIME === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Has a generator run its `finally` blocks. One that waits for something does so when that has come. */
async function stop(iterator: AnyIterator): Promise<void> {
  await iterator.return?.();
}
