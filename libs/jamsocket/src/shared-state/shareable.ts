/** What JSON drops or changes, and what has an identity of its own. */
type Unshareable =
  | bigint
  | symbol
  | ((...args: never[]) => unknown)
  | Date
  | RegExp
  | Error
  | Promise<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<object, unknown>
  | WeakSet<object>
  | ArrayBuffer
  | ArrayBufferView;

/** `never` for every part of a type that JSON would drop or change. */
export type Shareable<T> = 0 extends 1 & T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends Unshareable
      ? never
      : { [K in keyof T]: Shareable<T[K]> };

/** The same type, every part of it read-only. */
export type ReadOnly<T> = 0 extends 1 & T ? T : T extends object ? { readonly [K in keyof T]: ReadOnly<T[K]> } : T;

/** The same type, every part of it writable. */
export type Draft<T> = 0 extends 1 & T ? T : T extends object ? { -readonly [K in keyof T]: Draft<T[K]> } : T;
