import { JamsocketError } from './errors.js';
import { CloseCode } from './protocol.js';

/** RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the close code. */
const MAX_REASON_BYTES = 123;

/** @throws JamsocketError `bad_close_code` for a code or a reason that an application cannot close with */
export function assertCloseCode(code: number, reason: string): void {
  if (code !== CloseCode.normal && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    throw new JamsocketError(
      'bad_close_code',
      `Close code ${String(code)} is not an application's to use: use 1000, or one from 3000 to 4999.`,
    );
  }
  assertCloseReason(reason);
}

/** @throws JamsocketError `bad_close_code` for a reason that no close frame can carry */
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
