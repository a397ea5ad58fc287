import { inspect } from 'node:util';

/** Characters of a message in the log. An error may quote all that a client has sent. */
const MAX_MESSAGE = 4_000;
const MAX_STACK = 16_000;

/**
 * Values that the application returned or threw, or that a client sent, may run code when they are looked at: getters,
 * `toString`, the traps of a Proxy. These functions look at any value and never throw.
 */

/** `instanceof`, and `false` for a value that cannot be asked. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

export interface DescribedError {
  /** Of its class; the type of a value that is not an Error. */
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly isError: boolean;
}

/** An error for the log: its texts are strings, and cut. */
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

/** The stack begins with the message: a long message must not push the frames out. */
function stackOf({ stack }: Error, message: string): string | undefined {
  if (typeof stack !== 'string') return undefined;
  const at = message.length > MAX_MESSAGE ? stack.indexOf(message) : -1;
  if (at < 0) return cut(stack, MAX_STACK);
  return cut(stack.slice(0, at) + cut(message, MAX_MESSAGE) + stack.slice(at + message.length), MAX_STACK);
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text;
}
