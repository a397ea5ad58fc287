import type { Logger } from '@nestjs/common';
import { logWarning } from './log.js';

/** Clients choose what some of them are about. */
const MAX_HINTS = 50;

/** Log lines for whoever develops the application, each once. There are none in production (`NODE_ENV`). */
export class Hints {
  readonly #given = new Set<string>();

  constructor(private readonly logger: Logger) {}

  give(text: string): void {
    if (!isDevelopment() || this.#given.size >= MAX_HINTS || this.#given.has(text)) return;
    this.#given.add(text);
    // What a client sent must not look like another line, or do something to a terminal.
    logWarning(this.logger, text.replace(/\p{C}/gu, '\ufffd'), null);
  }
}

export function isDevelopment(): boolean {
  return process.env.NODE_ENV !== 'production';
}
