import type { Traffic } from '../traffic/traffic.js';
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

/** Whom the members tell of a room's messages. */
export interface ObservedRoom {
  /** Messages are counted or observed. If not, do not call the functions below. */
  readonly isWatched: boolean;
  readonly traffic: Traffic;
  /** An observer wants to know of each message. */
  readonly areMessagesObserved: boolean;
  /** Tells the observers. */
  messageSent(message: SentMessage): void;
}

type Clients = ReadonlyMap<ClientId, Client>;

const NOBODY: readonly Client[] = [];

/** Tells of a frame to this client. */
export function tellSentToOne(room: ObservedRoom, frame: Frame, client: Client, clients: Clients): void {
  if (!isHere(clients, client)) return;
  count(room, frame, 1);
  if (room.areMessagesObserved) room.messageSent(describe(frame, 1, [client], NOBODY));
}

/** Tells of a text to this client. */
export function tellTextToOne(room: ObservedRoom, text: string, client: Client, clients: Clients): void {
  if (!isHere(clients, client)) return;
  const payloadBytes = Buffer.byteLength(text);
  if (room.traffic.isCounted) room.traffic.text.countSent(payloadBytes, 1);
  if (room.areMessagesObserved)
    room.messageSent(describe({ payload: text, payloadBytes, isVolatile: false }, 1, [client], NOBODY));
}

/** Tells of a frame to these clients. */
export function tellSentTo(room: ObservedRoom, frame: Frame, recipients: readonly Client[], clients: Clients): void {
  if (!room.areMessagesObserved) return count(room, frame, countHere(clients, recipients));
  const to = recipients.filter((client) => isHere(clients, client));
  count(room, frame, to.length);
  if (to.length > 0) room.messageSent(describe(frame, to.length, to, NOBODY));
}

/** Tells of a frame to everyone except these clients. */
export function tellBroadcast(room: ObservedRoom, frame: Frame, excluded: readonly Client[], clients: Clients): void {
  const recipients = clients.size - countHere(clients, excluded);
  count(room, frame, recipients);
  if (!room.areMessagesObserved || recipients === 0) return;
  const except = excluded.filter((client) => isHere(clients, client));
  room.messageSent(describe(frame, recipients, undefined, except));
}

function count({ traffic }: ObservedRoom, { payload, payloadBytes }: Frame, recipients: number): void {
  if (!traffic.isCounted) return;
  const counts = typeof payload === 'string' ? traffic.text : traffic.binary;
  counts.countSent(payloadBytes, recipients);
}

function countHere(clients: Clients, some: readonly Client[]): number {
  let here = 0;
  for (const client of some) if (isHere(clients, client)) here++;
  return here;
}

function isHere(clients: Clients, client: Client): boolean {
  return clients.get(client.id) === client;
}

function describe(
  { payload, payloadBytes, isVolatile }: Pick<Frame, 'payload' | 'payloadBytes' | 'isVolatile'>,
  recipients: number,
  to: SentMessage['to'],
  except: SentMessage['except'],
): SentMessage {
  const kind = typeof payload === 'string' ? 'text' : 'binary';
  return { kind, payload, bytes: payloadBytes, isVolatile, recipients, to, except };
}
