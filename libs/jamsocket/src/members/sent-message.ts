import type { Frame } from '../wire/frame.js';
import type { Client, ClientId } from './client.js';

/** A message or reply of a room, as observers see it: once, however many recipients it has. */
export interface SentMessage {
  readonly kind: 'text' | 'binary';
  /** Do not change it. */
  readonly payload: string | Buffer;
  /** Bytes of the payload, not multiplied by recipients. */
  readonly bytes: number;
  /** Clients that are behind skip the message, but count as recipients. */
  readonly isVolatile: boolean;
  /** Number of recipients, including clients that are away. */
  readonly recipients: number;
  /** The recipients; `undefined` for everyone except `except`. */
  readonly to: readonly Client[] | undefined;
  readonly except: readonly Client[];
}

/** What the members tell their room for its observers. */
export interface ObservedRoom {
  /** `null` while no observer is registered. */
  readonly observer: object | null;
  /** Tells the observers. */
  messageSent(message: SentMessage): void;
}

type Clients = ReadonlyMap<ClientId, Client>;

const NOBODY: readonly Client[] = [];

/** Tells the observers of a frame to this client. */
export function tellSentToOne(room: ObservedRoom, frame: Frame, client: Client, clients: Clients): void {
  if (isHere(clients, client)) room.messageSent(describe(frame, 1, [client], NOBODY));
}

/** Tells the observers of a frame to these clients. */
export function tellSentTo(room: ObservedRoom, frame: Frame, recipients: readonly Client[], clients: Clients): void {
  const to = recipients.filter((client) => isHere(clients, client));
  if (to.length > 0) room.messageSent(describe(frame, to.length, to, NOBODY));
}

/** Tells the observers of a frame to everyone except these clients. */
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
