import { HttpException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { createHash } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { RefusedError, type RefusalCode } from '../jamsocket.errors.js';
import { closeCodeFor, type RefusalReason } from '../protocol.js';

/** What a refused upgrade is answered. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/**
 * The answer to whatever kept a client from connecting: our own refusals and a guard's HttpException speak for
 * themselves, a guard's WsException is a 403, and any other error is ours to hide.
 */
export function refusalFor(error: unknown): Refusal {
  if (error instanceof RefusedError) {
    return {
      status: error.status,
      headers: error.headers,
      body: { statusCode: error.status, code: error.code, message: error.message },
    };
  }
  if (error instanceof HttpException) {
    const status = error.getStatus() >= 400 ? error.getStatus() : 403;
    const response = error.getResponse();
    const body = typeof response === 'object' ? response : { message: response };
    return { status, headers: {}, body: { statusCode: status, code: 'guard', ...body } };
  }
  if (error instanceof WsException) {
    const response = error.getError();
    const body = typeof response === 'object' ? response : { message: response };
    return { status: 403, headers: {}, body: { statusCode: 403, code: 'guard', ...body } };
  }
  return {
    status: 500,
    headers: {},
    body: { statusCode: 500, code: 'guard_failed', message: 'Internal server error' },
  };
}

/** One of a few codes, for counting: what a guard calls its refusals may be anything. */
export function refusalCodeOf(error: unknown, { status }: Refusal): RefusalCode {
  if (error instanceof RefusedError) return error.code;
  return status < 500 ? 'guard' : 'guard_failed';
}

/** Answers an upgrade request with HTTP and closes the socket. */
export function writeRefusal(socket: Duplex, { status, headers, body }: Refusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = JSON.stringify(body);
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

/** A guard may have a code of its own: it has to fit into a close frame's 123 bytes. */
const MAX_CODE_CHARS = 60;
/** RFC 6455 section 1.3 */
const KEY_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CLOSE_FRAME = 0x88;

/**
 * Tells a client of `jamsocket.v1` by a close frame: a page's script cannot see what an upgrade is answered. The
 * handshake is completed only to close at once; no WebSocket comes into being here.
 */
export function writeRefusalFrame(
  request: IncomingMessage,
  socket: Duplex,
  protocol: string,
  { status, headers, body }: Refusal,
): void {
  const key = request.headers['sec-websocket-key'];
  const accept = createHash('sha1').update(`${key}${KEY_GUID}`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
  ];
  const retryAfter = Number(headers['Retry-After']);
  const reason: RefusalReason = {
    code: String((body as { code?: unknown }).code).slice(0, MAX_CODE_CHARS),
    ...(retryAfter > 0 && { retryAfter }),
  };
  const text = Buffer.from(JSON.stringify(reason));
  const frame = Buffer.alloc(4 + text.length);
  frame[0] = CLOSE_FRAME;
  frame[1] = 2 + text.length;
  frame.writeUInt16BE(closeCodeFor(status), 2);
  text.copy(frame, 4);
  socket.once('finish', () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), frame]));
}
