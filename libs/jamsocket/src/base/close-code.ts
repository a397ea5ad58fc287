import { JamsocketError } from './errors.js';
import { CloseCode } from './protocol.js';

/** RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the close code. */
const MAX_REASON_BYTES = 123;

/** @throws JamsocketError `bad_close_code` for a code that applications may not use, or an invalid reason */
export function assertCloseCode(code: number, reason: string): void {
  if (code !== CloseCode.normal && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    throw new JamsocketError(
      'bad_close_code',
      `Close code ${String(code)} is reserved: use 1000, or one from 3000 to 4999.`,
    );
  }
  assertCloseReason(reason);
}

/** @throws JamsocketError `bad_close_code` for a reason that does not fit into a close frame */
export function assertCloseReason(reason: string): void {
  if (typeof reason !== 'string')
    throw new JamsocketError('bad_close_code', `A close reason is a string, not ${typeof reason}.`);
  const bytes = Buffer.byteLength(reason);
  if (bytes > MAX_REASON_BYTES) {
    throw new JamsocketError(
      'bad_close_code',
      `The close reason has ${bytes} bytes; ${MAX_REASON_BYTES} fit into a close frame: shorten it.`,
    );
  }
}
