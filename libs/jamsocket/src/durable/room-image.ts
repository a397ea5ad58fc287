import type { Client } from '../members/client.js';
import type { LogEntry } from '../sessions/replay-log.js';
import type { Session } from '../sessions/session.js';
import { Frame } from '../wire/frame.js';
import type { SavedData, SavedEntry, SavedMember, SavedSession } from './record.js';

/** A client in the form in which it is saved. @param wallOffset milliseconds since 1970 at 0 on the clock */
export function savedMember(client: Client, wallOffset: number): SavedMember {
  const { id, request, joinedAt, session, auth } = client;
  const { url, ip } = request;
  const saved = { id, url, ip, joinedAt: joinedAt + wallOffset, session: session && savedSession(session) };
  return auth === null ? saved : { ...saved, auth };
}

function savedSession({ tokens, handled, firstBroadcast, ownFrames, firstEntry }: Session): SavedSession {
  // The present token is the last one in a session, and the first one in a record.
  return { tokens: [...tokens].reverse(), handled, firstBroadcast, ownFrames, firstEntry };
}

/** Whether the client has not changed since it was saved. */
export function isAsSaved({ url, session: saved, auth: savedAuth }: SavedMember, client: Client): boolean {
  const { request, session, auth } = client;
  // Each change of an authentication makes a new object.
  if (url !== request.url || (savedAuth ?? null) !== auth) return false;
  if (saved === null || session === null) return saved === session;
  return (
    saved.handled === session.handled &&
    saved.ownFrames === session.ownFrames &&
    saved.tokens[0] === session.token &&
    saved.tokens.length === session.tokens.length
  );
}

/** `data` and tags of the clients that have any. */
export function savedData(clients: Iterable<Client>): SavedData[] {
  const saved: SavedData[] = [];
  for (const { id, data, tags } of clients) {
    if (data !== undefined || tags.size > 0) saved.push([id, data, [...tags]]);
  }
  return saved;
}

export function savedEntry({ frame, to, except }: LogEntry): SavedEntry {
  return { payload: frame.payload, isVolatile: frame.isVolatile, to: to && idsOf(to), except: idsOf(except) };
}

export function restoredEntry(
  { payload, isVolatile, to, except }: SavedEntry,
  sessions: ReadonlyMap<number, Session>,
): LogEntry {
  const frame = typeof payload === 'string' ? Frame.text(payload, isVolatile) : Frame.binary(payload, isVolatile);
  const present = (ids: readonly number[]) => ids.flatMap((id) => sessions.get(id) ?? []);
  return { frame, to: to && present(to), except: present(except) };
}

function idsOf(sessions: readonly Session[]): number[] {
  return sessions.map(({ clientId }) => clientId);
}
