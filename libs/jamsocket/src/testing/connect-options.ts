import type { ClientOptions } from 'ws';
import { MAX_TIMEOUT_MS } from '../base/sources.js';

/** How a test's client connects. */
export interface ConnectOptions {
  /** Query parameters, which are encoded and added to the path. */
  query?: Readonly<Record<string, string>>;
  /** Headers of the upgrade request. Set `origin` to connect like a web page. */
  headers?: Readonly<Record<string, string>>;
  /** Subprotocols to offer. Default none. */
  protocols?: readonly string[];
  /** Milliseconds of real time to wait for an expected event; use `Infinity` with a debugger. Default 3,000. */
  patienceMs?: number;
  /** @internal For the tests of this library. */
  ws?: ClientOptions;
}

/** Only a failing test waits this long. */
export const DEFAULT_PATIENCE_MS = 3_000;

/** @throws RangeError if it is not a number of milliseconds */
export function checkedPatience(ms: number = DEFAULT_PATIENCE_MS): number {
  if (typeof ms === 'number' && ms >= 0) return Math.min(ms, MAX_TIMEOUT_MS);
  throw new RangeError(`patienceMs is ${String(ms)}: it must be a number of milliseconds from 0, or Infinity.`);
}

/** The path with the query appended. */
export function withQuery(path: string, query: ConnectOptions['query'] = {}): string {
  const text = new URLSearchParams(query).toString();
  if (text === '') return path;
  return path + (path.includes('?') ? '&' : '?') + text;
}
