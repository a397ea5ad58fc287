/** Codes of a StoreError. */
export type StoreErrorCode =
  /** The record exists and cannot be read. It is never overwritten. */
  | 'record_unreadable'
  /** The store has been closed. */
  | 'store_closed'
  /** The database refused the operation or did not answer. */
  | 'store_failed';

/** The error that a `RoomStore` rejects with. `code` is stable and meant for programs. */
export class StoreError extends Error {
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StoreError';
  }
}
