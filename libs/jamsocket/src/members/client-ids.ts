import type { ClientId } from './client.js';
import type { ClientRequest } from './client-request.js';

/** So many keys are remembered a room; the one that was used longest ago is forgotten first. */
const MAX_KEYS = 1_000;
const MAX_KEY_CHARS = 128;
const PARAMETER = 'clientKey';

/**
 * Gives the clients of one room their ids: 1, 2, 3 … A client that connects with `?clientKey=`, a secret of its
 * own choice, gets the id it had the last time, unless somebody in the room has it now. (Not with its token: users may
 * share one, and each of them is somebody else.)
 */
export class ClientIds {
  /** The id that was given last. */
  last = 0;
  #byKey: Map<string, ClientId> | null = null;

  next(request: ClientRequest, isPresent: (id: ClientId) => boolean): ClientId {
    const key = keyOf(request);
    if (key === undefined) return ++this.last;
    const ids = (this.#byKey ??= new Map<string, ClientId>());
    const known = ids.get(key);
    if (known !== undefined && isPresent(known)) return ++this.last;
    const id = known ?? ++this.last;
    ids.delete(key);
    ids.set(key, id);
    if (ids.size > MAX_KEYS) ids.delete(ids.keys().next().value!);
    return id;
  }
}

function keyOf(request: ClientRequest): string | undefined {
  // Spares most connects the parsing of a query.
  if (!request.url.includes(PARAMETER)) return undefined;
  const key = request.query.get(PARAMETER);
  return key !== null && key.length > 0 && key.length <= MAX_KEY_CHARS ? key : undefined;
}
