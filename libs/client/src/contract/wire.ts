export type IsAny<T> = 0 extends 1 & T ? true : false;

type AnyFunction = (...args: never[]) => unknown;

/** Type of a value after it was sent as JSON: a Date becomes a string, and methods are removed. */
export type Wire<T> =
  IsAny<T> extends true
    ? any
    : T extends { toJSON(): infer J }
      ? J
      : T extends readonly unknown[]
        ? { [K in keyof T]: Wire<T[K]> }
        : T extends object
          ? { [K in keyof T as T[K] extends AnyFunction ? never : K]: Wire<T[K]> }
          : T;

export type ReadOnly<T> =
  IsAny<T> extends true ? any : T extends object ? { readonly [K in keyof T]: ReadOnly<T[K]> } : T;
