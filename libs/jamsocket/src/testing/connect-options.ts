import type { ClientOptions } from 'ws';

/** How a client of a test comes. */
export interface ConnectOptions {
  /** Added to the path, encoded. */
  query?: Readonly<Record<string, string>>;
  /** Headers of the upgrade request. Without an `origin` it is no browser's page. */
  headers?: Readonly<Record<string, string>>;
  /** Subprotocols to offer. Default none. */
  protocols?: readonly string[];
  /** Milliseconds of real time to wait for what should come at once. Default 1,000. */
  patienceMs?: number;
  /** @internal For what only the tests of this library do. */
  ws?: ClientOptions;
}

/** Only a failing test waits that long. */
export const DEFAULT_PATIENCE_MS = 1_000;

/** The path with the query behind it. */
export function withQuery(path: string, query: ConnectOptions['query'] = {}): string {
  const text = new URLSearchParams(query).toString();
  if (text === '') return path;
  return path + (path.includes('?') ? '&' : '?') + text;
}
