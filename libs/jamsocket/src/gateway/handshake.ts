import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../base/errors.js';
import { HTTP_TOKEN } from '../options/rules.js';
import { offeredProtocols } from './subprotocol.js';

/** RFC 6455 section 4.2.1: a base64-encoded value of 16 bytes. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** RFC 6455 section 1.3 */
const KEY_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const HOST = 'host';

/**
 * Checks the request of a WebSocket handshake (RFC 6455 section 4.2.1).
 * @throws RefusedError `bad_handshake`
 */
export function checkHandshake(request: IncomingMessage): void {
  const { method, headers } = request;
  if (method !== 'GET') throw refuse(405, 'A WebSocket handshake is a GET request.', { Allow: 'GET' });
  if (request.httpVersionMajor === 1 && request.httpVersionMinor === 0)
    throw refuse(400, 'A WebSocket handshake is HTTP/1.1 or later.');
  if (countHosts(request) !== 1) throw refuse(400, 'There must be exactly one Host header.');
  if (headers.upgrade?.toLowerCase() !== 'websocket') throw refuse(400, 'The Upgrade header is not "websocket".');
  if (!KEY.test(headers['sec-websocket-key'] ?? ''))
    throw refuse(400, 'The Sec-WebSocket-Key header is missing or wrong.');
  const version = headers['sec-websocket-version'];
  if (version !== '13' && version !== '8') {
    throw refuse(426, 'The Sec-WebSocket-Version header is not 13.', { 'Sec-WebSocket-Version': '13, 8' });
  }
  if (!areDifferentTokens(offeredProtocols(request)))
    throw refuse(400, 'The Sec-WebSocket-Protocol header is not a list of different subprotocols.');
}

function areDifferentTokens(protocols: readonly string[]): boolean {
  // Most clients offer none.
  if (protocols.length === 0) return true;
  return protocols.every((protocol) => HTTP_TOKEN.test(protocol)) && new Set(protocols).size === protocols.length;
}

/** The answer that completes a handshake (RFC 6455 section 4.2.2). */
export function acceptanceOf({ headers }: IncomingMessage, protocol: string | false): string {
  const accept = hash('sha1', `${headers['sec-websocket-key']}${KEY_GUID}`, 'base64');
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n` +
    (protocol === false ? '\r\n' : `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`)
  );
}

/** With several Host headers, Node uses the first, but a proxy in front may have used another (RFC 9112 section 3.2). */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name.length === HOST.length && name.toLowerCase() === HOST) count++;
  }
  return count;
}

function refuse(status: number, message: string, headers?: Record<string, string>): RefusedError {
  return new RefusedError(status, 'bad_handshake', message, headers);
}
