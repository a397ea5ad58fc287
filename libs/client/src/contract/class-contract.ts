import type { IsAny, ReadOnly, Wire } from './wire.js';

// The server's classes are recognised by their shape, so that clients do not need the server's package for its types.

/** The shape of the server's `Client`. */
interface ClientShape {
  readonly id: number;
  readonly isConnected: boolean;
  sendMessage(...args: never[]): unknown;
}

/** The shape of the server's `JamsocketContext`. */
interface ContextShape {
  readonly roomId: string;
  readonly signal: AbortSignal;
  setTimer(...args: never[]): unknown;
}

/** The shape of the server's `SharedState`. */
interface StateShape {
  readonly value: object;
  change(...args: never[]): void;
  refresh(): void;
}

/** Nest's lifecycle hooks look like handlers without data, so they are excluded by name. */
type Hook = 'onModuleInit' | 'onModuleDestroy';

/** By method: the data that clients send to it, and its reply. */
export type ClassMessages<Instance> = {
  readonly [
    K in keyof Instance as K extends Hook
      ? never
      : Instance[K] extends (...args: infer A) => unknown
        ? IsMessage<Required<A>> extends true
          ? K
          : never
        : never
  ]: Instance[K] extends (...args: infer A) => infer R ? { data: DataOf<A>; reply: ReplyOf<R> } : never;
};

/**
 * Whether a method with these parameters handles messages: `(client, data, …)` with data that is not a context or bytes,
 * or `(client)` or `()` for messages without data.
 */
type IsMessage<A extends readonly unknown[]> = A extends readonly []
  ? true
  : A extends readonly [infer First, ...infer More]
    ? IsAny<First> extends true
      ? false
      : First extends ClientShape
        ? IsData<More>
        : false
    : false;

type IsData<A extends readonly unknown[]> = A extends readonly []
  ? true
  : A extends readonly [infer Data, ...unknown[]]
    ? IsAny<Data> extends true
      ? true
      : Data extends ContextShape | Uint8Array
        ? false
        : true
    : false;

type DataOf<A extends readonly unknown[]> =
  Required<A> extends readonly [unknown, unknown, ...unknown[]] ? A[1] : undefined;

/** `never` if there is no reply. */
type ReplyOf<R> = ReplyData<Exclude<Awaited<Streamed<R>>, void | undefined | null>>;

type ReplyData<T> = IsAny<T> extends true ? any : T extends { event: string; data?: infer Data } ? Wire<Data> : Wire<T>;

/** The first value of an Observable is the reply. */
type Streamed<R> =
  IsAny<R> extends true ? any : R extends { forEach(next: (value: infer V) => void): Promise<void> } ? V : R;

/** By field: what clients see of the shared state. */
export type ClassStates<Instance> = {
  readonly [K in keyof Instance as Instance[K] extends StateShape ? K : never]: Instance[K] extends {
    readonly '~state'?: infer Seen;
  }
    ? ReadOnly<Seen>
    : never;
};

/** By event: its data. `any` if the constructor has no context with event types. */
export type ClassEvents<Parameter> = EventsOf<ContextEvents<Parameter>>;

type ContextEvents<Parameter> = Parameter extends object
  ? '~events' extends keyof Parameter
    ? Exclude<Parameter['~events'], undefined>
    : never
  : never;

type EventsOf<E> = [E] extends [never]
  ? Record<string, any>
  : IsAny<E> extends true
    ? Record<string, any>
    : { readonly [K in keyof E]: Wire<E[K]> };
