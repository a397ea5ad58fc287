import type { RoomKey } from './room-store.js';

/**
 * Stores join names with NUL, and PostgreSQL cannot keep it.
 * @throws RangeError
 */
export function assertRoomKey({ service, key }: RoomKey): void {
  if (service.includes('\0') || key.includes('\0'))
    throw new RangeError('The service and the key of a durable room must not contain the NUL character.');
}
