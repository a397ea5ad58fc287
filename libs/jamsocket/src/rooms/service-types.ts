/** Names of a class's methods. */
export type MethodOf<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T] & string;
export type ArgumentsOf<T, M extends keyof T> = T[M] extends (...args: infer A) => unknown ? A : never;
export type ResultOf<T, M extends keyof T> = T[M] extends (...args: never[]) => infer R ? Awaited<R> : never;

/** The `Events` of the `JamsocketContext<Events>` that a class's constructor injects; `any` if it injects none. */
export type EventsOf<Class> = Class extends abstract new (...args: infer A) => unknown
  ? OrAny<NamedEvents<A[number]>>
  : any;

type NamedEvents<Parameter> = Parameter extends object
  ? '~events' extends keyof Parameter
    ? Exclude<Parameter['~events'], undefined>
    : never
  : never;

type OrAny<Events> = [Events] extends [never] ? any : Events;
