import { from, Observable, Subject, takeUntil } from 'rxjs';
import type { Client } from '../members/client.js';

/** What a stream is part of. */
export interface StreamOwner {
  /** Name of the handler. */
  readonly handler: string;
  /** The client it ends with, if it has one. */
  readonly client: Client | undefined;
  /** Number of the turn it ends with. */
  readonly turn: number;
  /** Of a stream of interceptors: whether the method itself has not finished. While it is so, the stream outlives its turn. */
  readonly isWaiting?: () => boolean;
}

/** What bounds the streams of handlers. */
export interface TurnBounds {
  /** Number of the turn that runs. */
  readonly turn: number;
  /** The stream, which completes at the latest when its client leaves, or its turn or its room ends. */
  bind(stream: Observable<unknown>, owner: StreamOwner): Observable<unknown>;
  /** Logs an error that comes when nobody waits for the stream any more. */
  report(error: unknown): void;
}

/** The result of a handler that was called through interceptors. */
export class InterceptedStream {
  constructor(
    readonly values: Observable<unknown>,
    /** Whether a promise of the handler has not settled: its interceptors must hear how it ends. */
    readonly isWaiting: () => boolean,
  ) {}
}

interface OpenStream {
  readonly owner: StreamOwner;
  readonly ended: Subject<void>;
}

/** The streams that handlers of one room have returned. Made when there is one: in most rooms there never is. */
export class TurnStreams {
  readonly #open = new Set<OpenStream>();

  constructor(
    private readonly turns: { readonly turn: number },
    /** Is told of streams that did not end by themselves. */
    private readonly streamCut: (owner: StreamOwner, whose: 'client' | 'turn') => void,
  ) {}

  bind(stream: Observable<unknown>, owner: StreamOwner): Observable<unknown> {
    return new Observable((subscriber) => {
      if (owner.turn !== this.turns.turn && owner.isWaiting === undefined) {
        this.streamCut(owner, 'turn');
        subscriber.complete();
        return;
      }
      const open: OpenStream = { owner, ended: new Subject() };
      this.#open.add(open);
      subscriber.add(() => this.#open.delete(open));
      from(stream).pipe(takeUntil(open.ended)).subscribe(subscriber);
      // A message may have its turn when its client has gone: what the stream does at once is done.
      if (owner.client?.closed !== undefined) this.#cut(open, 'client');
    });
  }

  clientLeft(client: Client): void {
    for (const open of [...this.#open]) if (open.owner.client === client) this.#cut(open, 'client');
  }

  endTurn(): void {
    if (this.#open.size === 0) return;
    // The inner ones first: that ends those of the interceptors around them as if they had ended by themselves.
    for (const open of [...this.#open].reverse()) if (open.owner.isWaiting?.() !== true) this.#cut(open, 'turn');
  }

  #cut(open: OpenStream, whose: 'client' | 'turn'): void {
    if (!this.#open.delete(open)) return;
    this.streamCut(open.owner, whose);
    open.ended.next();
  }
}
