import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import { TOKEN_PREFIX } from '../base/protocol.js';
import { offeredProtocols } from './subprotocol.js';

/** No header may have such characters, and none of a real token has them. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\0-\x1f\x7f]/;

/**
 * Moves the token that a page sends as a subprotocol entry, since it can set no headers, to `Authorization`, where
 * guards and libraries for HTTP look for it. The entry is gone then: no log, no answer and no handler ever has it.
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
    throw refuse(`One percent-encoded token without control characters has to follow "${TOKEN_PREFIX}".`);
  // A browser fails a connection whose server agrees to none of the subprotocols it has offered.
  if (others.length === 0) throw refuse('Beside the token, offer "jamsocket.v1" or "jamsocket.plain".');
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

/** Node makes `headers` of `rawHeaders` once: both have to say the same. */
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
