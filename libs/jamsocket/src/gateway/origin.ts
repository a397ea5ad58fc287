import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { RefusedError } from '../base/errors.js';
import { authorityOf } from '../base/request-target.js';
import { canonicalOrigin, parseWebOrigin, type WebOrigin } from '../base/web-origin.js';
import type { Origins } from '../options/options.js';

/**
 * Keeps pages of other sites from opening sockets with a visitor's cookies (cross-site WebSocket hijacking). Browsers
 * always send an Origin header and do not let a page forge it; without one the request is no browser's.
 * @param proxies how many proxies are trusted to say how the client reached them
 * @throws RefusedError `origin`
 */
export function checkOrigin(request: IncomingMessage, origins: Origins, proxies: number): void | Promise<void> {
  const { origin } = request.headers;
  if (origins === '*' || origin === undefined) return;
  if (typeof origins === 'function') {
    return Promise.resolve(origins(origin, request)).then((isAllowed) => requireAllowed(isAllowed, origin));
  }
  const page = parseWebOrigin(origin);
  // Extensions and files have origins that name no host, and no list has them.
  const isAllowed =
    page !== undefined &&
    (origins === 'same-host' ? isOwnPage(request, page, proxies) : origins.includes(canonicalOrigin(page) ?? ''));
  requireAllowed(isAllowed, origin);
}

/**
 * A page that was loaded without TLS may be anybody's who sits on the way, so it may not connect to a server that is
 * known to be reached with TLS. Where a proxy that nobody told us of may have taken TLS off, both schemes are fine.
 */
function isOwnPage(request: IncomingMessage, page: WebOrigin, proxies: number): boolean {
  const authority = authorityOf(request);
  if (authority === undefined || (page.scheme === 'http' && isSecure(request, proxies))) return false;
  const own = canonicalOrigin({ scheme: page.scheme, authority });
  return own !== undefined && own === canonicalOrigin(page);
}

/** Whether the client is known to have come with TLS: to this server, or to one of its proxies. */
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
    `Pages of ${page} may not connect. The option "origins" of JamsocketModule says who may.`,
  );
}
