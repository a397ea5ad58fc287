import { RefusedError } from '../base/errors.js';
import { DurableError } from './durable-error.js';
import type { DurableRoom } from './durable-room.js';

type Named = Pick<DurableRoom, 'className' | 'key'>;

const RETRY_AFTER = { 'Retry-After': '1' };

/** Refuses a connect or call while the room cannot be saved or restored. */
export function storeUnavailable(message: string, cause?: unknown): RefusedError {
  return new RefusedError(503, 'store_unavailable', message, RETRY_AFTER, { cause });
}

export function unreadable({ className, key }: Named, cause: unknown): RefusedError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RefusedError(
    503,
    'room_unreadable',
    `Room "${key.key}" of ${className} was saved and cannot be restored. ${message}`,
    {},
    { cause },
  );
}

export function notSaved({ className, key }: Named): DurableError {
  return new DurableError('not_saved', `Room "${key.key}" of ${className} stopped before it was saved.`);
}

export function notRestored({ className, key }: Named): DurableError {
  return new DurableError(
    'not_saved',
    `Room "${key.key}" of ${className} cannot be saved before its state is restored: call save() in @OnCreate or later, not in a constructor.`,
  );
}

export function floodedGate({ className, key }: Named, maxBytes: number): DurableError {
  return new DurableError(
    'gate_full',
    `Clients of room "${key.key}" of ${className} were disconnected: more than ${maxBytes} bytes of its output wait for the store (durable.maxGatedBytes). They are still in the room, and may resume when the store has caught up.`,
  );
}
