import type { Frame } from '../wire/frame.js';
import type { Client } from './client.js';
import type { ObserverSet } from '../observe/observer-set.js';
import type { JamsocketContext } from './room-context.js';
import type { SentMessage } from '../observe/room-observer.js';

/** A room as its members see it, for those who observe it. */
export interface ObservedRoom {
  /** `null` while nobody observes. */
  readonly observer: ObserverSet | null;
  readonly context: JamsocketContext;
}

const NOBODY: readonly Client[] = [];

/** Tells of a frame to this client. */
export function tellSentToOne({ observer, context }: ObservedRoom, frame: Frame, client: Client): void {
  if (isHere(context, client)) observer!.messageSent(context, describe(frame, 1, [client], NOBODY));
}

/** Tells of a frame to these clients. */
export function tellSentTo({ observer, context }: ObservedRoom, frame: Frame, clients: readonly Client[]): void {
  const to = clients.filter((client) => isHere(context, client));
  if (to.length > 0) observer!.messageSent(context, describe(frame, to.length, to, NOBODY));
}

/** Tells of a frame to everyone but these clients. */
export function tellBroadcast({ observer, context }: ObservedRoom, frame: Frame, clients: readonly Client[]): void {
  const except = clients.length > 0 ? clients.filter((client) => isHere(context, client)) : clients;
  const recipients = context.clients.size - except.length;
  if (recipients > 0) observer!.messageSent(context, describe(frame, recipients, undefined, except));
}

function isHere({ clients }: JamsocketContext, client: Client): boolean {
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
