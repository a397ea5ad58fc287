const NOBODY: readonly never[] = [];

/** Clients by tag, so that a send to a tag does not have to visit all clients. */
export class TagIndex<Client extends { readonly tags: ReadonlySet<string> }> {
  readonly #byTag = new Map<string, Set<Client>>();

  constructor(clients: Iterable<Client>) {
    for (const client of clients) this.enter(client);
  }

  withTag(tag: string): readonly Client[] {
    const clients = this.#byTag.get(tag);
    return clients === undefined ? NOBODY : [...clients];
  }

  enter(client: Client): void {
    for (const tag of client.tags) this.add(client, tag);
  }

  leave(client: Client): void {
    for (const tag of client.tags) this.remove(client, tag);
  }

  add(client: Client, tag: string): void {
    const clients = this.#byTag.get(tag);
    if (clients === undefined) this.#byTag.set(tag, new Set([client]));
    else clients.add(client);
  }

  remove(client: Client, tag: string): void {
    const clients = this.#byTag.get(tag);
    if (clients?.delete(client) && clients.size === 0) this.#byTag.delete(tag);
  }
}
