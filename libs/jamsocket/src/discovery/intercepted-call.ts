import { isObservable, Observable, type Subscriber } from 'rxjs';
import type { Client } from '../members/client.js';
import { streamOf } from '../replies/stream-of.js';
import { InterceptedStream, type StreamOwner, type TurnBounds } from '../replies/turn-streams.js';
import { isPromiseLike } from './enhancer-chain.js';

/** A call of a method through interceptors. A stream of the method's own ends for them with its client or its turn. */
export class InterceptedCall implements StreamOwner {
  #waiting = 0;

  constructor(
    readonly handler: string,
    readonly client: Client | undefined,
    readonly turn: number,
    private readonly bounds: TurnBounds,
  ) {}

  /** What the method returned, as the interceptors see it. */
  valuesOf(result: unknown): unknown {
    if (isPromiseLike(result)) return this.#later(result);
    if (typeof result !== 'object' || result === null) return result;
    const stream = streamOf(result, (error) => this.bounds.report(error));
    return stream === undefined ? result : this.bounds.bind(stream, this);
  }

  /** What the interceptors have made of it. */
  resultOf(intercepted: unknown): unknown {
    return isObservable(intercepted) ? new InterceptedStream(intercepted, () => this.#waiting > 0) : intercepted;
  }

  /** Not rxjs' own way, which throws at the process whatever an operator throws at its end. */
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
