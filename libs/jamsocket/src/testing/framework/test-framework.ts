/** The part of a test framework that the suites use; both jest and vitest have it. */
export interface TestFramework {
  /** Groups tests. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** Defines a test. */
  readonly it: (name: string, body: () => Promise<void>, timeoutMs?: number) => unknown;
  /** Checks a value. */
  readonly expect: (value: unknown) => TestMatchers;
}

/** The matchers that a suite uses; those of jest and vitest fit. */
export interface TestMatchers {
  /** The same value. */
  toBe(value: unknown): void;
  /** An equal value. */
  toEqual(value: unknown): void;
}

/** Long enough for a slow disk and a busy machine. */
export const SUITE_TIMEOUT_MS = 60_000;

/**
 * The framework that was passed to a suite, or the global one.
 * @param suite name of the function, for the error
 * @throws Error if there is none
 */
export function frameworkFor(suite: string, framework: TestFramework | undefined): TestFramework {
  const { describe, it, expect } = framework ?? (globalThis as Partial<TestFramework>);
  if (describe && it && expect) return { describe, it, expect };
  throw new Error(
    `There are no global describe, it and expect: pass them, as in ${suite}(…, { describe, it, expect }).`,
  );
}

/** The `code` of the promise's error, or the error's text if it has no code; `resolved` if the promise resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return String((error as { code?: unknown } | undefined)?.code ?? error);
  }
}
