import type { PipeTransform } from '@nestjs/common';
import { issuesIn, rememberIssues } from '../../replies/issues.js';

/** The part of Nest's `ValidationPipe` and `StandardSchemaValidationPipe` that is used here. */
interface ValidatingPipe {
  exceptionFactory: (found: unknown) => unknown;
  /** The application wants no details in its errors. */
  isDetailedOutputDisabled?: boolean;
}

const keeping = new WeakSet<object>();

/**
 * Nest's pipes make one text of each mistake that they find. From now on such a pipe also notes where the mistakes are, for
 * the `exception` event. Its exceptions stay the same.
 */
export function keepIssues<Pipes extends readonly PipeTransform[]>(pipes: Pipes): Pipes {
  for (const pipe of pipes) {
    if (keeping.has(pipe)) continue;
    keeping.add(pipe);
    const validating = pipe as unknown as ValidatingPipe;
    const { exceptionFactory } = validating;
    if (typeof exceptionFactory !== 'function' || Object.isFrozen(pipe)) continue;
    validating.exceptionFactory = function (found) {
      const exception = exceptionFactory.call(this, found);
      if (validating.isDetailedOutputDisabled) return exception;
      const issues = issuesIn(found);
      if (issues === undefined) return exception;
      if (exception instanceof Promise)
        return exception.then((made) => (rememberIssues(made, issues), made as unknown));
      rememberIssues(exception, issues);
      return exception;
    };
  }
  return pipes;
}
