import { inspect } from 'node:util';

/** Characters of an error's message in the log. It may quote everything a client has sent. */
const MAX_MESSAGE = 4_000;
const MAX_STACK = 16_000;

/**
 * Reading a value that the application returned or threw may run code: getters, `toString`, the traps of a Proxy. These
 * functions accept any value and never throw.
 */

/** `instanceof`, and `false` for a value whose check throws. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

export interface DescribedError {
  /** The error's `name`; for a value that is not an Error, its type. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly isError: boolean;
}

/** Describes an error for the log, with bounded texts. */
export function describeError(error: unknown): DescribedError {
  try {
    if (!(error instanceof Error)) {
      return { name: typeof error, message: cut(inspect(error), MAX_MESSAGE), stack: undefined, isError: false };
    }
    const name = String(error.name);
    const message = String(error.message);
    return { name, message: cut(message, MAX_MESSAGE), stack: stackOf(error, message), isError: true };
  } catch {
    return { name: typeof error, message: 'a value that cannot be read', stack: undefined, isError: false };
  }
}

/** The stack begins with the message: shorten a long message first, so that the stack frames remain. */
function stackOf({ stack }: Error, message: string): string | undefined {
  if (typeof stack !== 'string') return undefined;
  const at = message.length > MAX_MESSAGE ? stack.indexOf(message) : -1;
  if (at < 0) return cut(stack, MAX_STACK);
  return cut(stack.slice(0, at) + cut(message, MAX_MESSAGE) + stack.slice(at + message.length), MAX_STACK);
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text;
}
