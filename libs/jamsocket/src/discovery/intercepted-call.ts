import { isObservable, Observable, type Subscriber } from 'rxjs';
import { isPromiseLike } from '../base/after.js';
import type { Client } from '../members/client.js';
import { streamOf } from '../replies/stream-of.js';
import { InterceptedStream, type StreamOwner, type TurnBounds } from '../replies/turn-streams.js';

/** A call of a method through interceptors. A stream that it returns ends with its client or its turn. */
export class InterceptedCall implements StreamOwner {
  #waiting = 0;

  constructor(
    readonly handler: string,
    readonly client: Client | undefined,
    readonly turn: number,
    private readonly bounds: TurnBounds,
  ) {}

  /** The method's result, as the interceptors get it. */
  valuesOf(result: unknown): unknown {
    if (isPromiseLike(result)) return this.#later(result);
    if (typeof result !== 'object' || result === null) return result;
    const stream = streamOf(result, (error) => this.bounds.report(error));
    return stream === undefined ? result : this.bounds.bind(stream, this);
  }

  /** The result of the interceptors. */
  resultOf(intercepted: unknown): unknown {
    return isObservable(intercepted) ? new InterceptedStream(intercepted, () => this.#waiting > 0) : intercepted;
  }

  /** Does not use rxjs' `from()`, which turns an error thrown by an operator at the end into an uncaught exception. */
  #later(result: PromiseLike<unknown>): Observable<unknown> {
    return new Observable((subscriber) => {
      this.#waiting++;
      void Promise.resolve(result).then(
        (value) => this.#settled(() => this.#emit(value, subscriber)),
        (error) => this.#settled(() => subscriber.error(error)),
      );
    });
  }

  #settled(pass: () => void): void {
    this.#waiting--;
    try {
      pass();
    } catch (error) {
      this.bounds.report(error);
    }
  }

  #emit(value: unknown, subscriber: Subscriber<unknown>): void {
    let values: unknown;
    try {
      values = this.valuesOf(value);
    } catch (error) {
      subscriber.error(error);
      return;
    }
    if (isObservable(values)) {
      values.subscribe(subscriber);
    } else {
      subscriber.next(values);
      subscriber.complete();
    }
  }
}
