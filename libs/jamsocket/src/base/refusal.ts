import { HttpException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { RefusedError, type RefusalCode } from './errors.js';
import type { RefusalReason } from './protocol.js';

/** What a client is told that may not come in. */
export interface Refusal {
  readonly status: number;
  /** One of a few, for counting: what a guard calls its refusals may be anything. */
  readonly code: RefusalCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** RFC 9110 section 15 */
const MAX_STATUS = 599;

/** A guard may have a code of its own, of any kind: it has to fit into a close frame's 123 bytes. */
const SHORT_CODE = /^[\w.:-]{1,60}$/;

/**
 * The answer to whatever kept a client from connecting: our own refusals and an HttpException of a guard or of `@OnConnect`
 * speak for themselves, a WsException is a 403, and any other error is ours to hide.
 * @param code for an error that has no code of its own
 */
export function refusalFor(error: unknown, code = 'guard'): Refusal {
  try {
    const refusal = spokenRefusal(error, code);
    if (refusal !== undefined) return refusal;
  } catch {
    // What an application throws may throw when it is looked at.
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
