/** Codes of a DurableError. */
export type DurableErrorCode =
  /** A `@State()` field, or a client's `data`, cannot be saved. */
  | 'bad_state'
  /** A later version of the class saved the room. */
  | 'newer_state'
  /** The saved record cannot be read. */
  | 'unreadable'
  /** The output gate is full; see `durable.maxGatedBytes`. */
  | 'gate_full'
  /** The room has stopped before it was saved. */
  | 'not_saved';

/** Why a durable room could not be saved or restored. `code` is stable and meant for programs. */
export class DurableError extends Error {
  constructor(
    readonly code: DurableErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DurableError';
  }
}
