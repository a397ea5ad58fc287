import { Logger } from '@nestjs/common';
import { RefusedError } from '../base/errors.js';
import { describeError, isInstance } from '../base/foreign-value.js';
import { Hints } from '../base/hints.js';
import { isOutage, logError, logOutage } from '../base/log.js';
import type { Attempt } from './attempt.js';

/** What the log says of upgrade requests that are refused. */
export class RefusalLog {
  readonly #logger = new Logger('Jamsocket');
  readonly #hints = new Hints(this.#logger);

  noServices(): void {
    this.#logger.warn(
      'The application has no room service: list the classes with @JamsocketService() in the providers of a module.',
    );
  }

  refused(attempt: Attempt, error: unknown, status: number): void {
    if (status >= 500) this.#report(attempt, error);
    this.hint(attempt.url, error);
  }

  /** Without this line, a wrong path or a forgotten provider would look like a network problem. */
  hint(url: string, error: unknown): void {
    if (!isInstance(error, RefusedError) || error.code !== 'no_such_service') return;
    this.#hints.give(`A client tried to connect to ${url.split('?', 1)[0].slice(0, 200)}. ${error.message}`);
  }

  #report({ url, service, room }: Attempt, error: unknown): void {
    const path = url.split('?', 1)[0].slice(0, 200);
    if (isOutage(error)) return logOutage(this.#logger, `Connecting to ${path} failed`, error, { service, room });
    const reason = isInstance(error, RefusedError) ? error.cause : error;
    if (reason === undefined) return;
    const { message, stack } = describeError(reason);
    logError(this.#logger, `Connecting to ${path} failed: ${message}`, { service, room }, stack);
  }
}
