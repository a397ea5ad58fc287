import type { ClientId } from './client.js';

/** Number of keys that a room remembers. It forgets the key used longest ago first. */
const MAX_KEYS = 1_000;
const MAX_KEY_CHARS = 128;
const PARAMETER = 'clientKey';
const NONE: ReadonlyMap<string, ClientId> = new Map();

/**
 * Gives the clients of one room their ids: 1, 2, 3 … A client that connects with `?clientKey=`, a secret that it chose
 * itself, gets its last id again, unless a client in the room has it. (The token cannot identify a client: several users
 * may share one.)
 */
export class ClientIds {
  #byKey: Map<string, ClientId> | null;

  /** @param keys keys of an earlier instance of the room, in order of use, the latest last */
  constructor(
    /** The latest id. */
    public last = 0,
    keys: readonly (readonly [key: string, id: ClientId])[] = [],
  ) {
    this.#byKey = keys.length === 0 ? null : new Map(keys);
  }

  /** In order of use, the latest last. */
  get byKey(): ReadonlyMap<string, ClientId> {
    return this.#byKey ?? NONE;
  }

  /** @param url URL of the client's upgrade request */
  next(url: string, isPresent: (id: ClientId) => boolean): ClientId {
    const key = keyOf(url);
    if (key === undefined) return ++this.last;
    const known = this.#byKey?.get(key);
    if (known !== undefined && isPresent(known)) return ++this.last;
    const id = known ?? ++this.last;
    this.#use(key, id);
    return id;
  }

  /** Registers a client that was restored with its id. A key that is known already keeps its id. */
  note(id: ClientId, url: string): void {
    const key = keyOf(url);
    if (key !== undefined) this.#use(key, this.#byKey?.get(key) ?? id);
  }

  #use(key: string, id: ClientId): void {
    const ids = (this.#byKey ??= new Map<string, ClientId>());
    ids.delete(key);
    ids.set(key, id);
    if (ids.size > MAX_KEYS) ids.delete(ids.keys().next().value!);
  }
}

function keyOf(url: string): string | undefined {
  // Most connects need no parsing of the query.
  if (!url.includes(PARAMETER)) return undefined;
  const key = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get(PARAMETER);
  return key !== null && key.length > 0 && key.length <= MAX_KEY_CHARS ? key : undefined;
}
