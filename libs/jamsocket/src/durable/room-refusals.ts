import { RefusedError } from '../base/errors.js';
import { DurableError } from './durable-error.js';
import type { DurableRoom } from './durable-room.js';

type Named = Pick<DurableRoom, 'className' | 'key'>;

const RETRY_AFTER = { 'Retry-After': '5' };

/** For whoever wants to go into a room that cannot be saved or restored for now. */
export function storeUnavailable(message: string, cause?: unknown): RefusedError {
  return new RefusedError(503, 'store_unavailable', message, RETRY_AFTER, { cause });
}

export function unreadable({ className, key }: Named, cause: unknown): RefusedError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RefusedError(
    503,
    'room_unreadable',
    `Room "${key.key}" of ${className} was saved, and cannot be restored. ${message}`,
    {},
    { cause },
  );
}

export function notSaved({ className, key }: Named): DurableError {
  return new DurableError('not_saved', `Room "${key.key}" of ${className} has stopped before it was saved.`);
}

export function floodedGate({ className, key }: Named, maxBytes: number): DurableError {
  return new DurableError(
    'gate_full',
    `Clients of room "${key.key}" of ${className} have been sent away: more than ${maxBytes} bytes of what it sends wait for the store (durable.maxGatedBytes). They keep their places, and may come back when the store has caught up.`,
  );
}
