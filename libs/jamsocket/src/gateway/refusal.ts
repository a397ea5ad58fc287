import { HttpException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RefusedError, type RefusalCode } from '../base/errors.js';

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

/** A guard's body may be no JSON. */
function jsonOf(body: object): string | undefined {
  try {
    return JSON.stringify(body);
  } catch {
    return undefined;
  }
}
