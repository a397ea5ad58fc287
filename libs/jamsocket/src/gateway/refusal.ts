import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../base/refusal.js';

/** The body stays in memory while a client does not read it, so its size is limited. */
const MAX_BODY_BYTES = 64 * 1024;

/** Answers an upgrade request with HTTP and closes the socket. */
export function writeRefusal(socket: Duplex, { status, headers, body }: Refusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = jsonOf(body) ?? JSON.stringify({ statusCode: status, code: 'guard' });
  const all = {
    Connection: 'close',
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(text)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n${lines.join('')}\r\n${text}`);
}

/** `undefined` if a guard's body is not serialisable, or too long because it quotes the request. */
function jsonOf(body: object): string | undefined {
  try {
    const text = JSON.stringify(body);
    return Buffer.byteLength(text) > MAX_BODY_BYTES ? undefined : text;
  } catch {
    return undefined;
  }
}
