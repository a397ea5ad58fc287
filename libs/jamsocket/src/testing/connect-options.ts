import type { ClientOptions } from 'ws';
import { MAX_TIMEOUT_MS } from '../base/sources.js';

/** How a client of a test comes. */
export interface ConnectOptions {
  /** Added to the path, encoded. */
  query?: Readonly<Record<string, string>>;
  /** Headers of the upgrade request. Without an `origin` it is no browser's page. */
  headers?: Readonly<Record<string, string>>;
  /** Subprotocols to offer. Default none. */
  protocols?: readonly string[];
  /** Milliseconds of real time to wait for what should come at once; `Infinity` for a debugger. Default 1,000. */
  patienceMs?: number;
  /** @internal For what only the tests of this library do. */
  ws?: ClientOptions;
}

/** Only a failing test waits that long. */
export const DEFAULT_PATIENCE_MS = 1_000;

/** @throws RangeError if it is no number of milliseconds */
export function checkedPatience(ms: number = DEFAULT_PATIENCE_MS): number {
  if (typeof ms === 'number' && ms >= 0) return Math.min(ms, MAX_TIMEOUT_MS);
  throw new RangeError(`patienceMs is ${String(ms)}: it must be a number of milliseconds from 0, or Infinity.`);
}

/** The path with the query behind it. */
export function withQuery(path: string, query: ConnectOptions['query'] = {}): string {
  const text = new URLSearchParams(query).toString();
  if (text === '') return path;
  return path + (path.includes('?') ? '&' : '?') + text;
}
