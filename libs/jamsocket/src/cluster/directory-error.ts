export type DirectoryErrorCode =
  /** The directory refused the call or did not answer. Its outcome is unknown. */
  | 'directory_failed'
  /** The directory or this node's lease has been closed. */
  | 'directory_closed'
  /** The call was executed after its deadline, and has changed nothing. */
  | 'too_late';

/** The error that a `Directory` rejects with. `code` is stable and meant for programs. */
export class DirectoryError extends Error {
  constructor(
    readonly code: DirectoryErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DirectoryError';
  }
}
