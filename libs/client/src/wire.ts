export type IsAny<T> = 0 extends 1 & T ? true : false;

type AnyFunction = (...args: never[]) => unknown;

/** What is left of a value that has gone over the wire as JSON: a Date is a string, methods are gone. */
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
