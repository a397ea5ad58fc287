import { assertTag } from '../base/checks/assert-payload.js';
import type { Frame } from '../wire/frame.js';
import { JamsocketError } from '../base/errors.js';
import { Client, type ClientId } from './client.js';
import type { SendPort } from './room-port.js';

/** Everyone in the room. */
export const Broadcast: unique symbol = Symbol('Broadcast');

/** Everyone in the room except these. */
export class EveryoneExcept {
  /** @internal */
  constructor(readonly excluded: readonly (Client | ClientId)[]) {}
}

/** Every client that has this tag. */
export class Tagged {
  /** @internal */
  constructor(readonly tag: string) {}
}

/** The recipients of a message. Clients that have left and unknown ids are ignored. */
export type Recipient = typeof Broadcast | Client | ClientId | EveryoneExcept | Tagged | readonly (Client | ClientId)[];

/** `ctx.sendMessage(everyoneExcept(client), text)` */
export function everyoneExcept(...excluded: (Client | ClientId)[]): EveryoneExcept {
  return new EveryoneExcept(excluded);
}

/** `ctx.sendMessage(tagged('red'), text)`. @throws TypeError if the tag is not a string */
export function tagged(tag: string): Tagged {
  assertTag(tag);
  return new Tagged(tag);
}

/** @internal Sends a frame to the recipient. */
export function deliver(frame: Frame, recipient: Recipient, members: SendPort<Client>): void {
  const { clients } = members;
  if (recipient === Broadcast) {
    members.broadcast(frame);
  } else if (recipient instanceof Client) {
    if (clients.get(recipient.id) === recipient) members.sendTo(recipient, frame);
  } else if (typeof recipient === 'number') {
    members.send(frame, clientsOf([recipient], clients));
  } else if (recipient instanceof EveryoneExcept) {
    members.broadcastExcept(frame, clientsOf(recipient.excluded, clients));
  } else if (recipient instanceof Tagged) {
    members.send(frame, members.withTag(recipient.tag));
  } else if (Array.isArray(recipient)) {
    members.send(frame, clientsOf(recipient as (Client | ClientId)[], clients));
  } else {
    throw badRecipient(typeof recipient);
  }
}

/** Each client once, whether the list names it, its id or both. */
function clientsOf(members: readonly (Client | ClientId)[], clients: ReadonlyMap<ClientId, Client>): Client[] {
  const found = new Set<Client>();
  for (const member of members) {
    if (!isMember(member)) throw badRecipient(`a list with ${member === null ? 'null' : typeof member}`);
    const client = typeof member === 'number' ? clients.get(member) : member;
    if (client !== undefined && clients.get(client.id) === client) found.add(client);
  }
  return [...found];
}

/** Runtime check for JavaScript callers: without it, a message would go to nobody, or to the client it was to spare. */
export function isMember(member: unknown): member is Client | ClientId {
  return typeof member === 'number' || member instanceof Client;
}

function badRecipient(what: string): JamsocketError {
  return new JamsocketError(
    'bad_recipient',
    `${what} is not a recipient: use Broadcast, a Client, a ClientId, a list of them, everyoneExcept(…) or tagged(…).`,
  );
}
