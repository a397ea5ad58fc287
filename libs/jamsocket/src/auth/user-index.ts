import type { Client } from '../members/client.js';

const NOBODY: ReadonlySet<Client> = new Set();

/** The clients of this process by user, in all rooms. Clients without a user cost nothing. */
export class UserIndex {
  readonly #byUser = new Map<string, Set<Client>>();

  /** Clients of the user in running rooms. Some of them may not have had their `@OnConnect` yet. */
  of(user: string): ReadonlySet<Client> {
    return this.#byUser.get(user) ?? NOBODY;
  }

  add(client: Client): void {
    const { user } = client;
    if (user === undefined) return;
    const clients = this.#byUser.get(user);
    if (clients === undefined) this.#byUser.set(user, new Set([client]));
    else clients.add(client);
  }

  /** Does nothing if the client is not there. @param user the one that it was added with */
  remove(client: Client, user: string | undefined): void {
    if (user === undefined) return;
    const clients = this.#byUser.get(user);
    if (clients?.delete(client) && clients.size === 0) this.#byUser.delete(user);
  }
}
