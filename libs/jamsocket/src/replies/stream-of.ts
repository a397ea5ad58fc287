import { isObservable, Observable, type Subscriber } from 'rxjs';

/** After this many items the event loop continues: a generator that never waits must not block it. */
const ITEMS_AT_A_TIME = 64;

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * Converts a result with many values to a stream: an Observable, the generator of an `async *` or `*` method, or anything
 * else that supports `for await`, such as a Node stream. An array is a single value.
 * @param report gets errors after the end of the stream
 * @returns `undefined` if the result is a single value
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

/** Rejects with an error that occurs after the subscriber has unsubscribed. */
async function pull(source: Source, subscriber: Subscriber<unknown>): Promise<void> {
  for (let count = 1; !subscriber.closed; count++) {
    let item: IteratorResult<unknown>;
    try {
      item = await source.iterator.next();
      source.isDone = item.done === true;
      // A synchronous iterator may return promises as values.
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

/** Lets a generator run its `finally` blocks. If it is waiting in an `await`, they run after that. */
async function stop(iterator: AnyIterator): Promise<void> {
  await iterator.return?.();
}
