import { JamsocketError } from '../errors.js';

/** RFC 6455 section 5.2: bytes of the longest header of an unmasked frame. */
const LONGEST_HEADER = 10;
const MOST_BYTES_PER_CHARACTER = 3;

/**
 * A message that exceeds the limit would close the connection of each recipient, so it is refused where it is sent.
 * @throws JamsocketError `message_too_large`
 */
export function assertFits(
  payload: string | Uint8Array,
  { maxBufferedBytes }: { readonly maxBufferedBytes: number },
): void {
  const allowed = maxBufferedBytes - LONGEST_HEADER;
  // Counting bytes reads the whole text: do it only for texts that may be too long.
  if (payload.length * MOST_BYTES_PER_CHARACTER <= allowed) return;
  const bytes = Buffer.byteLength(payload);
  if (bytes <= allowed) return;
  throw new JamsocketError(
    'message_too_large',
    `A message of ${bytes} bytes was not sent: limits.maxBufferedBytes allows ${maxBufferedBytes}, including the frame header. Send it in parts, or raise the limit.`,
  );
}

/** Runtime check for JavaScript callers. @throws TypeError */
export function assertText(text: unknown): void {
  if (typeof text !== 'string')
    throw new TypeError(`sendMessage takes a string, not ${typeof text}: use emit for JSON or sendBinary for bytes.`);
}

/** A tag may come from what a client sent, unchecked, and is saved with the room. @throws TypeError */
export function assertTag(tag: unknown): void {
  if (typeof tag !== 'string')
    throw new TypeError(`A tag must be a string, not ${tag === null ? 'null' : typeof tag}.`);
}

/** Runtime check for JavaScript callers. @throws TypeError */
export function assertBytes(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array))
    throw new TypeError(`sendBinary takes a Uint8Array or a Buffer, not ${typeof bytes}.`);
}
