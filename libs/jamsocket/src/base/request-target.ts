import type { IncomingMessage } from 'node:http';

/** RFC 9112 section 3.2.2: a client may send the whole URL, as it would to a proxy, and a server must accept it. */
const ABSOLUTE_FORM = /^(?:https?|wss?):\/\/([^/?#]*)/i;

/** Path and query of the request line, such as `/ws/lobby?token=abc`, whichever form it has. */
export function pathAndQueryOf({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  if (url.startsWith('/')) return url;
  const absolute = ABSOLUTE_FORM.exec(url);
  if (absolute === null) return url;
  const rest = url.slice(absolute[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Host and port that the request was sent to. The request line overrides the Host header (RFC 9112 section 3.2.2). */
export function authorityOf({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): string | undefined {
  if (!url.startsWith('/')) {
    const absolute = ABSOLUTE_FORM.exec(url);
    if (absolute !== null) return absolute[1];
  }
  // HTTP/2 has a pseudo header instead.
  return headers.host ?? (headers[':authority'] as string | undefined);
}
