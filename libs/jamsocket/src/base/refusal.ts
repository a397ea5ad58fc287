import { HttpException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { RefusedError, type RefusalCode } from './errors.js';
import type { RefusalReason } from './protocol.js';

/** The answer to a refused client. */
export interface Refusal {
  readonly status: number;
  /** For metrics, so one of a fixed set. A guard's own code is in the body only. */
  readonly code: RefusalCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** RFC 9110 section 15 */
const MAX_STATUS = 599;

/** A guard's own code may be any value. This limit makes it fit into the 123 bytes of a close reason. */
const SHORT_CODE = /^[\w.:-]{1,60}$/;

/**
 * The answer to an error that kept a client from connecting. A RefusedError or an HttpException is sent as it is, a
 * WsException as a 403. Any other error becomes a 500 without details, which could leak secrets.
 * @param code for an error that has no code of its own
 */
export function refusalFor(error: unknown, code = 'guard'): Refusal {
  try {
    const refusal = spokenRefusal(error, code);
    if (refusal !== undefined) return refusal;
  } catch {
    // Reading a value that the application threw may throw, too.
  }
  return saying(500, `${code}_failed`, 'Internal server error');
}

/** A refusal as the reason of a close frame: JSON, at most 123 bytes. */
export function closeReasonOf({ headers, body }: Refusal): string {
  const { code } = body as { code?: unknown };
  const retryAfter = Number(headers['Retry-After']);
  const reason: RefusalReason = {
    code: typeof code === 'string' && SHORT_CODE.test(code) ? code : 'guard',
    ...(retryAfter > 0 && { retryAfter }),
  };
  return JSON.stringify(reason);
}

function spokenRefusal(error: unknown, code: string): Refusal | undefined {
  if (error instanceof RefusedError) {
    return { status: error.getStatus(), code: error.code, headers: error.headers, body: error.getResponse() as object };
  }
  if (error instanceof WsException) return saying(403, code, error.getError());
  if (!(error instanceof HttpException)) return undefined;
  const given = error.getStatus();
  const status = given < 400 ? 403 : given;
  return Number.isInteger(status) && status <= MAX_STATUS ? saying(status, code, error.getResponse()) : undefined;
}

function saying(status: number, code: string, response: string | object): Refusal {
  const body = { statusCode: status, code, ...(typeof response === 'object' ? response : { message: response }) };
  return { status, code: status < 500 ? 'guard' : 'guard_failed', headers: {}, body };
}
