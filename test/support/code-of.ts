/** The `code` of the error that the work rejects with. */
export function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => 'resolved',
    (error: { code?: string }) => error.code,
  );
}
