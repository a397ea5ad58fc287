import { JamsocketError } from './errors.js';

/** RFC 6455 section 5.2: an unmasked frame has at most so much besides its payload. */
const LONGEST_HEADER = 10;
const MOST_BYTES_PER_CHARACTER = 3;

/**
 * A longer message could only end the connections of those who should get it.
 * @throws JamsocketError `message_too_large`
 */
export function assertFits(
  payload: string | Uint8Array,
  { maxBufferedBytes }: { readonly maxBufferedBytes: number },
): void {
  const allowed = maxBufferedBytes - LONGEST_HEADER;
  // Spares all but the longest texts the count.
  if (payload.length * MOST_BYTES_PER_CHARACTER <= allowed) return;
  const bytes = Buffer.byteLength(payload);
  if (bytes <= allowed) return;
  throw new JamsocketError(
    'message_too_large',
    `A message of ${bytes} bytes was not sent: for one client at most ${maxBufferedBytes} may wait. Send it in parts, or raise limits.maxBufferedBytes.`,
  );
}

/** @throws TypeError for what is no text: types are not there when the program runs. */
export function assertText(text: unknown): void {
  if (typeof text !== 'string')
    throw new TypeError(`sendMessage takes a string, not ${typeof text}: use emit for JSON or sendBinary for bytes.`);
}

/** @throws TypeError */
export function assertBytes(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array))
    throw new TypeError(`sendBinary takes a Uint8Array or a Buffer, not ${typeof bytes}.`);
}
