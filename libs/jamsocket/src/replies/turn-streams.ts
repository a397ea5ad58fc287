import { from, Observable, Subject, takeUntil } from 'rxjs';
import type { Client } from '../members/client.js';

/** The call that a stream belongs to. */
export interface StreamOwner {
  /** Name of the handler. */
  readonly handler: string;
  /** The client whose leaving ends the stream, if any. */
  readonly client: Client | undefined;
  /** Number of the turn whose end ends the stream. */
  readonly turn: number;
  /** For a stream of interceptors: whether the method is still running. Until it finishes, the stream outlives its turn. */
  readonly isWaiting?: () => boolean;
}

/** Ends the streams of handlers in time. */
export interface TurnBounds {
  /** Number of the current turn. */
  readonly turn: number;
  /** Wraps the stream so that it completes at the latest when its client leaves, or its turn or its room ends. */
  bind(stream: Observable<unknown>, owner: StreamOwner): Observable<unknown>;
  /** Logs an error that occurs after the stream has ended. */
  report(error: unknown): void;
}

/** The result of a handler that was called through interceptors. */
export class InterceptedStream {
  constructor(
    readonly values: Observable<unknown>,
    /** Whether a promise of the handler is still pending: its interceptors must get the result. */
    readonly isWaiting: () => boolean,
  ) {}
}

interface OpenStream {
  readonly owner: StreamOwner;
  readonly ended: Subject<void>;
}

/** The streams that handlers of one room have returned. Created for the first stream, since most rooms have none. */
export class TurnStreams {
  readonly #open = new Set<OpenStream>();

  constructor(
    private readonly turns: { readonly turn: number },
    /** Called for each stream that was ended early. */
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
      // The client may have left before the turn: keep only the values that the stream emits synchronously.
      if (owner.client?.closed !== undefined) this.#cut(open, 'client');
    });
  }

  clientLeft(client: Client): void {
    for (const open of [...this.#open]) if (open.owner.client === client) this.#cut(open, 'client');
  }

  endTurn(): void {
    if (this.#open.size === 0) return;
    // Inner streams first: then the streams of the interceptors around them complete normally.
    for (const open of [...this.#open].reverse()) if (open.owner.isWaiting?.() !== true) this.#cut(open, 'turn');
  }

  #cut(open: OpenStream, whose: 'client' | 'turn'): void {
    if (!this.#open.delete(open)) return;
    this.streamCut(open.owner, whose);
    open.ended.next();
  }
}
