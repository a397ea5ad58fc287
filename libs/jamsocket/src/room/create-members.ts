import type { Link } from '../outbox/link.js';
import type { ResolvedRoomOptions } from '../options/resolved.js';
import { MAX_TIMEOUT_MS } from '../base/sources.js';
import { CloseCode } from '../base/protocol.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { Client } from '../members/client.js';
import { Members } from '../members/members.js';
import { ReplayLog } from '../sessions/replay-log.js';
import { Resumption } from '../members/resumption.js';
import type { RoomServices } from './room-services.js';
import type { ObservedRoom } from '../members/sent-message.js';
import { beatMsOf } from '../wire/heartbeat.js';

/** The members of a new room. `expire` is called when an absent client has not resumed in time. */
export function createMembers(
  { coalesce, resume, heartbeat, limits }: ResolvedRoomOptions,
  services: RoomServices,
  room: ObservedRoom,
  lifecycle: RoomLifecycle<Client> | null,
  expire: (client: Client) => void,
): Members {
  const { clock, random, placesKept } = services;
  const open = services.createOutbox(coalesce, dropMember);
  const outbox = lifecycle === null ? open : lifecycle.gate(open);
  const createResumption = () => {
    const { windowMs, maxLogBytes } = resume;
    // The server notices a lost connection at most this much later.
    const unnoticedMs = heartbeat ? heartbeat.timeoutMs + heartbeat.intervalMs : windowMs;
    const maxAgeMs = Math.min(windowMs + unnoticedMs, MAX_TIMEOUT_MS);
    // The other half is left for new messages: they must not close a client that has just resumed.
    const maxMissedBytes = limits.maxBufferedBytes / 2;
    const log = windowMs > 0 ? new ReplayLog(maxLogBytes, maxAgeMs, clock, maxMissedBytes) : null;
    const heartbeatMs = heartbeat ? heartbeat.intervalMs : 0;
    const told = { heartbeatMs, beatMs: beatMsOf(heartbeatMs) };
    return new Resumption(windowMs, told, log, outbox, clock, random, placesKept, expire);
  };
  return new Members(outbox, createResumption, room);
}

function dropMember(connection: Link): void {
  connection.drop(CloseCode.tryAgainLater, 'too far behind');
}
