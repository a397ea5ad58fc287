import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import { TOKEN_PREFIX } from '../base/protocol.js';
import { offeredProtocols } from './subprotocol.js';

/** Characters that are not allowed in a header. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\0-\x1f\x7f]/;

/**
 * Moves a token from a subprotocol entry to the header `Authorization`, where guards and HTTP libraries expect it: a web
 * page cannot set headers. The entry is removed, so that the token never appears in a log, an answer or a handler.
 * @throws RefusedError `bad_handshake`
 */
export function moveToken(request: IncomingMessage): void {
  const header = request.headers['sec-websocket-protocol'];
  if (header === undefined || !header.includes(TOKEN_PREFIX)) return;
  const offered = offeredProtocols(request);
  const entries = offered.filter((protocol) => protocol.startsWith(TOKEN_PREFIX));
  const others = offered.filter((protocol) => !protocol.startsWith(TOKEN_PREFIX));
  setHeader(request, 'Sec-WebSocket-Protocol', others.join(', '));
  const token = decode(entries);
  if (token === undefined)
    throw refuse(`"${TOKEN_PREFIX}" must be followed by one percent-encoded token without control characters.`);
  // A browser fails a connection whose server selects none of the offered subprotocols.
  if (others.length === 0) throw refuse('Offer "jamsocket.v1" or "jamsocket.plain" beside the token.');
  setHeader(request, 'Authorization', `Bearer ${token}`);
}

function decode([entry, ...more]: string[]): string | undefined {
  if (more.length > 0) return undefined;
  try {
    const token = decodeURIComponent(entry.slice(TOKEN_PREFIX.length));
    return token === '' || CONTROL.test(token) ? undefined : token;
  } catch {
    return undefined;
  }
}

/** Node derives `headers` from `rawHeaders` only once, so both must be changed. */
function setHeader({ headers, rawHeaders }: IncomingMessage, name: string, value: string): void {
  const key = name.toLowerCase();
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2)
    if (rawHeaders[at].toLowerCase() === key) rawHeaders.splice(at, 2);
  delete headers[key];
  if (value === '') return;
  rawHeaders.push(name, value);
  headers[key] = value;
}

function refuse(message: string): RefusedError {
  return new RefusedError(400, 'bad_handshake', message);
}
