import type { Frame } from '../wire/frame.js';
import type { Client, ClientId } from './client.js';

/** A message of a room or a reply: framed once, whoever gets it. */
export interface SentMessage {
  readonly kind: 'text' | 'binary';
  /** Not to be changed. */
  readonly payload: string | Buffer;
  /** Of the payload, once. */
  readonly bytes: number;
  /** Clients that are behind go without it; they are counted all the same. */
  readonly isVolatile: boolean;
  /** How many clients it is for, those included that are away and may come back. */
  readonly recipients: number;
  /** The clients it is for; `undefined` if it is for everyone but `except`. */
  readonly to: readonly Client[] | undefined;
  readonly except: readonly Client[];
}

/** A room as its members see it, for those who observe it. */
export interface ObservedRoom {
  /** `null` while nobody observes. */
  readonly observer: object | null;
  /** Tells the observers. */
  messageSent(message: SentMessage): void;
}

type Clients = ReadonlyMap<ClientId, Client>;

const NOBODY: readonly Client[] = [];

/** Tells of a frame to this client. */
export function tellSentToOne(room: ObservedRoom, frame: Frame, client: Client, clients: Clients): void {
  if (isHere(clients, client)) room.messageSent(describe(frame, 1, [client], NOBODY));
}

/** Tells of a frame to these clients. */
export function tellSentTo(room: ObservedRoom, frame: Frame, recipients: readonly Client[], clients: Clients): void {
  const to = recipients.filter((client) => isHere(clients, client));
  if (to.length > 0) room.messageSent(describe(frame, to.length, to, NOBODY));
}

/** Tells of a frame to everyone but these clients. */
export function tellBroadcast(room: ObservedRoom, frame: Frame, excluded: readonly Client[], clients: Clients): void {
  const except = excluded.length > 0 ? excluded.filter((client) => isHere(clients, client)) : excluded;
  const recipients = clients.size - except.length;
  if (recipients > 0) room.messageSent(describe(frame, recipients, undefined, except));
}

function isHere(clients: Clients, client: Client): boolean {
  return clients.get(client.id) === client;
}

function describe(
  { payload, payloadBytes, isVolatile }: Frame,
  recipients: number,
  to: SentMessage['to'],
  except: SentMessage['except'],
): SentMessage {
  const kind = typeof payload === 'string' ? 'text' : 'binary';
  return { kind, payload, bytes: payloadBytes, isVolatile, recipients, to, except };
}
