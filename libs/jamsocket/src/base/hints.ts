import type { Logger } from '@nestjs/common';
import { logWarning } from './log.js';

/** Some hints quote what a client sent, so their number must be bounded. */
const MAX_HINTS = 50;

/** Log lines for developers of the application, each written once. Silent if `NODE_ENV` is `production`. */
export class Hints {
  readonly #given = new Set<string>();

  constructor(private readonly logger: Logger) {}

  give(text: string): void {
    if (!isDevelopment() || this.#given.size >= MAX_HINTS || this.#given.has(text)) return;
    this.#given.add(text);
    // Text from a client must not forge a log line or control a terminal.
    logWarning(this.logger, text.replace(/\p{C}/gu, '\ufffd'), null);
  }
}

export function isDevelopment(): boolean {
  return process.env.NODE_ENV !== 'production';
}
