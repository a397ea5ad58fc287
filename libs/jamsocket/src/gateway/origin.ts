import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import type { Origins } from '../options/options.js';

/**
 * Keeps pages of other sites from opening sockets with a visitor's cookies (cross-site WebSocket hijacking). Browsers
 * always send an Origin header and do not let a page forge it; without one the request is no browser's.
 * @throws RefusedError `origin`
 */
export function checkOrigin(request: IncomingMessage, origins: Origins): void | Promise<void> {
  const { origin, host } = request.headers;
  if (origins === '*' || origin === undefined) return;
  if (typeof origins === 'function') {
    return Promise.resolve(origins(origin, request)).then((isAllowed) => requireAllowed(isAllowed, origin));
  }
  requireAllowed(origins === 'same-host' ? hostOf(origin) === host?.toLowerCase() : origins.includes(origin), origin);
}

function requireAllowed(isAllowed: boolean, origin: string): void {
  if (isAllowed) return;
  const page = origin.slice(0, 200);
  throw new RefusedError(
    403,
    'origin',
    `Pages of ${page} may not connect. The option "origins" of JamsocketModule says who may.`,
  );
}

/** Host and port, the port left out where it is the scheme's own, as in a Host header. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
