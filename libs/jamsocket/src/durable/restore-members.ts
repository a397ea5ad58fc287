import { CloseCode } from '../base/protocol.js';
import { Client } from '../members/client.js';
import { ClientRequest } from '../members/client-request.js';
import type { RoomAddress } from '../members/room-address.js';
import { Session } from '../sessions/session.js';
import type { DurableRoom } from './durable-room.js';
import type { ReadRecord } from './read-record.js';
import type { SavedData, SavedMember } from './record.js';
import { restoredEntry } from './room-image.js';

/**
 * Makes the saved clients members again. Clients that speak `jamsocket.v1` may resume; all others have lost their
 * connections and leave, unless these follow the room.
 * @param isExact false if the clients may have seen more than was saved: then they start again as new clients
 */
export function restoreMembers(
  room: DurableRoom,
  record: ReadRecord,
  { wallOffset, isExact }: { readonly wallOffset: number; readonly isExact: boolean },
): void {
  const { base, entries, firstEntry } = record;
  const { address } = room;
  const data = new Map(record.data.map((saved) => [saved[0], saved]));
  const clients = base.members.map((saved) => restoredClient(saved, data.get(saved.id), address, wallOffset));
  const sessions = new Map(clients.flatMap(({ session }) => (session ? [[session.clientId, session] as const] : [])));
  room.members.restore(clients, {
    lastId: base.nextId,
    clientKeys: base.clientKeys,
    entries: entries.map((entry) => restoredEntry(entry, sessions)),
    firstEntry: firstEntry < 0 ? afterAll(sessions.values()) : firstEntry,
    broadcasts: base.broadcasts,
    isExact,
  });
  for (const client of clients) {
    room.readmit(client);
    if (client.session === null && !room.isAwaited(client.id))
      room.leave(client, CloseCode.abnormal, 'the server was restarted');
  }
  for (const saved of base.leaving) {
    const client = restoredClient(saved, data.get(saved.id), address, wallOffset);
    room.readmit(client);
    room.leave(client, CloseCode.abnormal, 'the server was restarted');
  }
}

/** With nothing left of the log, its numbers go on where no client takes a new entry for one from before it has joined. */
function afterAll(sessions: Iterable<Session>): number {
  let number = 0;
  for (const { firstEntry } of sessions) number = Math.max(number, firstEntry);
  return number;
}

function restoredClient(
  { id, url, ip, joinedAt, session, auth }: SavedMember,
  data: SavedData | undefined,
  address: RoomAddress,
  wallOffset: number,
): Client {
  const client = new Client(ClientRequest.restored(url, ip), address);
  client.id = id;
  client.joinedAt = joinedAt - wallOffset;
  client.auth = auth ?? null;
  if (data !== undefined) {
    client.data = data[1];
    client.tag(...data[2]);
  }
  if (session === null) return client;
  client.session = Session.restored(session.tokens, session.handled);
  client.session.clientId = id;
  client.session.firstBroadcast = session.firstBroadcast;
  client.session.ownFrames = session.ownFrames;
  client.session.firstEntry = session.firstEntry;
  return client;
}
