/**
 * Presence, as server and client know it; docs/protocol.md describes the format. This file must not import anything, since
 * the browser client includes it.
 */

/** Name of the event in both directions: a client's own value, and what the server tells of all clients. */
export const PRESENCE_EVENT = '$presence';

/** A client of the room, as everyone sees it. */
export interface PresentClient<Value = any> {
  /** Its id in the room. */
  readonly id: number;
  /** Its `client.user`; absent if that is unknown. */
  readonly user?: string;
  /** The connection is lost, and the client may come back. */
  readonly away?: true;
  /** Its value; absent if it has none. */
  readonly value?: Value;
}

/** Everyone who is the same user, with all tabs and devices; or a client whose user is unknown. */
export interface Person<Value = any> {
  /** Unique in the room: for lists in React, for example. */
  readonly key: string;
  /** `undefined` if it is unknown. */
  readonly user: string | undefined;
  /** All connections are lost, and may come back. */
  readonly isAway: boolean;
  /** The value of the client that has joined last, of those that have one and, if possible, are not away. */
  readonly value: Value | undefined;
  /** In the order in which they have joined. */
  readonly clients: readonly PresentClient<Value>[];
}

/** What the server tells: `everyone` begins anew, the others change what is known; `left` comes before `changed`. */
export interface PresenceNews {
  /** The id of the client that gets this. With `everyone`. */
  readonly you?: number;
  /** How often clients should send at most, in milliseconds. With `everyone`. */
  readonly everyMs?: number;
  readonly everyone?: readonly PresentClient[];
  readonly left?: readonly number[];
  readonly changed?: readonly PresentClient[];
}

/** Names the person that a client belongs to. */
export function personKeyOf({ id, user }: PresentClient): string {
  return user === undefined ? `#${id}` : `@${user}`;
}

/** @param clients of one person, in the order in which they have joined */
export function personOf(key: string, clients: readonly PresentClient[]): Person {
  const here = clients.filter(({ away }) => !away);
  const last = (list: readonly PresentClient[]) => list.filter(({ value }) => value !== undefined).at(-1);
  const value = (last(here) ?? last(clients))?.value as unknown;
  return { key, user: clients[0].user, isAway: here.length === 0, value, clients };
}

/** Groups clients by person. */
export function groupedByPerson(clients: Iterable<PresentClient>): Map<string, PresentClient[]> {
  const groups = new Map<string, PresentClient[]>();
  for (const client of clients) {
    const key = personKeyOf(client);
    const group = groups.get(key);
    if (group) group.push(client);
    else groups.set(key, [client]);
  }
  return groups;
}

/** `ctx.presence`: who is in the room, with a small value of each client. */
export interface RoomPresence<Value = any> {
  /** The value of a client, as everyone sees it; `undefined` if it has none. */
  get(client: { readonly id: number } | number): Value | undefined;
  /**
   * Sets the value of a client, as if it had done so itself; `undefined` removes it. Ignored for a client that has left.
   * @throws JamsocketError `bad_presence` for a value that JSON cannot carry or that is too long
   */
  set(client: { readonly id: number } | number, value: Value | undefined): void;
  /** Everyone in the room, in the order in which they have joined. */
  readonly people: readonly Person<Value>[];
}
