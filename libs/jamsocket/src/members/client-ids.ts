import type { ClientId } from './client.js';
import type { ClientRequest } from './client-request.js';

/** So many tokens are remembered a room; the one that was used longest ago is forgotten first. */
const MAX_TOKENS = 1_000;
const MAX_TOKEN_CHARS = 128;

/**
 * Gives the clients of one room their ids: 1, 2, 3 … A client that connects with `?token=`, a secret of its own
 * choice, gets the id it had the last time, unless somebody in the room has it now.
 */
export class ClientIds {
  #last = 0;
  #byToken: Map<string, ClientId> | null = null;

  next(request: ClientRequest, isPresent: (id: ClientId) => boolean): ClientId {
    const token = tokenOf(request);
    if (token === undefined) return ++this.#last;
    const ids = (this.#byToken ??= new Map<string, ClientId>());
    const known = ids.get(token);
    if (known !== undefined && isPresent(known)) return ++this.#last;
    const id = known ?? ++this.#last;
    ids.delete(token);
    ids.set(token, id);
    if (ids.size > MAX_TOKENS) ids.delete(ids.keys().next().value!);
    return id;
  }
}

function tokenOf(request: ClientRequest): string | undefined {
  // Spares most connects the parsing of a query.
  if (!request.url.includes('token=')) return undefined;
  const token = request.query.get('token');
  return token !== null && token.length > 0 && token.length <= MAX_TOKEN_CHARS ? token : undefined;
}
