import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { RefusedError } from '../base/errors.js';
import { authorityOf } from '../base/request-target.js';
import { canonicalOrigin, parseWebOrigin, type WebOrigin } from '../base/web-origin.js';
import type { Origins } from '../options/options.js';

/**
 * Prevents cross-site WebSocket hijacking, where a page of another site opens a socket with a visitor's cookies. Browsers
 * always send an Origin header, which a page cannot forge; a request without one does not come from a browser.
 * @param proxies number of trusted proxies, whose `X-Forwarded-Proto` is used
 * @throws RefusedError `origin`
 */
export function checkOrigin(request: IncomingMessage, origins: Origins, proxies: number): void | Promise<void> {
  const { origin } = request.headers;
  if (origins === '*' || origin === undefined) return;
  if (typeof origins === 'function') {
    return Promise.resolve(origins(origin, request)).then((isAllowed) => requireAllowed(isAllowed, origin));
  }
  const page = parseWebOrigin(origin);
  // Origins of extensions and local files name no host, so they are never allowed by a list.
  const isAllowed =
    page !== undefined &&
    (origins === 'same-host' ? isOwnPage(request, page, proxies) : origins.includes(canonicalOrigin(page) ?? ''));
  requireAllowed(isAllowed, origin);
}

/**
 * Anyone on the network path can change a page that was loaded without TLS, so such a page may not connect to a server
 * that is reached with TLS. If an unknown proxy may have terminated TLS, both schemes are allowed.
 */
function isOwnPage(request: IncomingMessage, page: WebOrigin, proxies: number): boolean {
  const authority = authorityOf(request);
  if (authority === undefined || (page.scheme === 'http' && isSecure(request, proxies))) return false;
  const own = canonicalOrigin({ scheme: page.scheme, authority });
  return own !== undefined && own === canonicalOrigin(page);
}

/** Whether the client is known to use TLS: to this server, or to one of its trusted proxies. */
function isSecure({ socket, headers }: IncomingMessage, proxies: number): boolean {
  if ((socket as Partial<TLSSocket>).encrypted === true) return true;
  const header = headers['x-forwarded-proto'];
  if (proxies === 0 || header === undefined) return false;
  const schemes = String(header).split(',').slice(-proxies);
  return schemes.some((scheme) => /^\s*(?:https|wss)\s*$/i.test(scheme));
}

function requireAllowed(isAllowed: boolean, origin: string): void {
  if (isAllowed) return;
  const page = origin.slice(0, 200);
  throw new RefusedError(
    403,
    'origin',
    `Pages of ${page} may not connect. Allow the origin in the option "origins" of JamsocketModule.`,
  );
}
