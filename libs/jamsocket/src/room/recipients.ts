import type { Connection } from '../connection/connection.js';
import type { Frame } from '../connection/frame.js';
import type { Outbox } from '../connection/outbox.js';
import { JamsocketError } from '../jamsocket.errors.js';
import { Client, type ClientId } from './client.js';

/** Everyone in the room. */
export const Broadcast: unique symbol = Symbol('Broadcast');

/** Everyone in the room but these. */
export class EveryoneExcept {
  /** @internal */
  constructor(readonly excluded: readonly (Client | ClientId)[]) {}
}

/** Every client that has this tag. */
export class Tagged {
  /** @internal */
  constructor(readonly tag: string) {}
}

/** Whom a message is for. A client that has gone, or an id that is nobody's, is passed over in silence. */
export type Recipient = typeof Broadcast | Client | ClientId | EveryoneExcept | Tagged | readonly (Client | ClientId)[];

/** `ctx.sendMessage(everyoneExcept(client), text)` */
export function everyoneExcept(...excluded: (Client | ClientId)[]): EveryoneExcept {
  return new EveryoneExcept(excluded);
}

/** `ctx.sendMessage(tagged('red'), text)` */
export function tagged(tag: string): Tagged {
  return new Tagged(tag);
}

/** Gives a frame to the outbox for the recipient. */
export function deliver(
  frame: Frame,
  recipient: Recipient,
  clients: ReadonlyMap<ClientId, Client>,
  outbox: Outbox,
): void {
  if (recipient === Broadcast) {
    outbox.broadcast(frame);
  } else if (recipient instanceof Client) {
    if (recipient.connection !== null) outbox.send(frame, [recipient.connection]);
  } else if (typeof recipient === 'number') {
    outbox.send(frame, connectionsOf([recipient], clients));
  } else if (recipient instanceof EveryoneExcept) {
    outbox.broadcastExcept(frame, connectionsOf(recipient.excluded, clients));
  } else if (recipient instanceof Tagged) {
    outbox.send(
      frame,
      connectionsOf(
        [...clients.values()].filter((client) => client.tags.has(recipient.tag)),
        clients,
      ),
    );
  } else if (Array.isArray(recipient)) {
    outbox.send(frame, connectionsOf(recipient as (Client | ClientId)[], clients));
  } else {
    throw new JamsocketError(
      'bad_recipient',
      `${typeof recipient} is not a recipient: use Broadcast, a Client, a ClientId, a list of them, everyoneExcept(…) or tagged(…).`,
    );
  }
}

/** Each connection once, whether the list names its client, its id or both. */
function connectionsOf(members: readonly (Client | ClientId)[], clients: ReadonlyMap<ClientId, Client>): Connection[] {
  const connections = new Set<Connection>();
  for (const member of members) {
    const client = typeof member === 'number' ? clients.get(member) : member;
    if (client?.connection) connections.add(client.connection);
  }
  return [...connections];
}
