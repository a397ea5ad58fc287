import { JamsocketError } from '../errors.js';

/**
 * A room that passes on what clients write must not pass on messages that look like those of the library. JSON can write
 * the event's name plainly or with escapes; only texts with either are parsed.
 * @throws JamsocketError `reserved_event`
 */
export function assertNotReserved(payload: string | Uint8Array, reserved: string): void {
  if (typeof payload !== 'string' || !/^\s*\{/.test(payload)) return;
  if (!payload.includes(reserved) && !payload.includes('\\u')) return;
  let event: unknown;
  try {
    ({ event } = JSON.parse(payload) as { event?: unknown });
  } catch {
    return;
  }
  if (event === reserved)
    throw new JamsocketError(
      'reserved_event',
      `A message with the event "${reserved}" was not sent: the library uses that name.`,
    );
}
