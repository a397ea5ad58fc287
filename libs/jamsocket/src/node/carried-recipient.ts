import { Client, type ClientId } from '../members/client.js';
import {
  Broadcast,
  everyoneExcept,
  EveryoneExcept,
  isMember,
  tagged,
  Tagged,
  type Recipient,
} from '../members/recipients.js';

/** A recipient on its way to the room's node. A `Client` object of this process is not in that room, so it is left out. */
export type CarriedRecipient =
  | { readonly kind: 'all' }
  | { readonly kind: 'except' | 'list'; readonly ids: readonly ClientId[] }
  | { readonly kind: 'id'; readonly id: ClientId }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'invalid' };

export function carryRecipient(recipient: Recipient): CarriedRecipient {
  if (recipient === Broadcast) return { kind: 'all' };
  if (typeof recipient === 'number') return { kind: 'id', id: recipient };
  if (recipient instanceof Client) return { kind: 'list', ids: [] };
  if (recipient instanceof EveryoneExcept) return carryList('except', recipient.excluded);
  if (recipient instanceof Tagged) return { kind: 'tag', tag: recipient.tag };
  if (Array.isArray(recipient)) return carryList('list', recipient as (Client | ClientId)[]);
  return { kind: 'invalid' };
}

export function recipientCarried(carried: CarriedRecipient): Recipient {
  switch (carried.kind) {
    case 'all':
      return Broadcast;
    case 'id':
      return carried.id;
    case 'except':
      return everyoneExcept(...carried.ids);
    case 'list':
      return carried.ids;
    case 'tag':
      return tagged(carried.tag);
    case 'invalid':
      return undefined as never;
  }
}

function carryList(kind: 'except' | 'list', members: readonly (Client | ClientId)[]): CarriedRecipient {
  if (!members.every(isMember)) return { kind: 'invalid' };
  return { kind, ids: members.filter((member) => typeof member === 'number') };
}
