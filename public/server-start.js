/** Identifies this run of the server, so that a restart can be told from a lost connection; `undefined` if it does not answer. */
export async function serverStart() {
  try {
    const response = await fetch('/server-start');
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}
