import type { ClientId } from './client.js';

/** So many keys are remembered a room; the one that was used longest ago is forgotten first. */
const MAX_KEYS = 1_000;
const MAX_KEY_CHARS = 128;
const PARAMETER = 'clientKey';
const NONE: ReadonlyMap<string, ClientId> = new Map();

/**
 * Gives the clients of one room their ids: 1, 2, 3 … A client that connects with `?clientKey=`, a secret of its
 * own choice, gets the id it had the last time, unless somebody in the room has it now. (Not with its token: users may
 * share one, and each of them is somebody else.)
 */
export class ClientIds {
  #byKey: Map<string, ClientId> | null;

  /** @param keys those of an earlier instance of the room, the one that was used last at the end */
  constructor(
    /** The id that was given last. */
    public last = 0,
    keys: readonly (readonly [key: string, id: ClientId])[] = [],
  ) {
    this.#byKey = keys.length === 0 ? null : new Map(keys);
  }

  /** The key that was used last comes last. */
  get byKey(): ReadonlyMap<string, ClientId> {
    return this.#byKey ?? NONE;
  }

  /** @param url of the request that the client came with */
  next(url: string, isPresent: (id: ClientId) => boolean): ClientId {
    const key = keyOf(url);
    if (key === undefined) return ++this.last;
    const known = this.#byKey?.get(key);
    if (known !== undefined && isPresent(known)) return ++this.last;
    const id = known ?? ++this.last;
    this.#use(key, id);
    return id;
  }

  /** A client has got this id from another instance. A key that is known keeps its id: its holder was there, too. */
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
  // Spares most connects the parsing of a query.
  if (!url.includes(PARAMETER)) return undefined;
  const key = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get(PARAMETER);
  return key !== null && key.length > 0 && key.length <= MAX_KEY_CHARS ? key : undefined;
}
