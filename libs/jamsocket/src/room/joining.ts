import type { Lost } from '../base/protocol.js';
import type { Client } from '../members/client.js';
import type { ClientRequest } from '../members/client-request.js';
import type { Resumable } from '../members/resumption.js';
import type { Link } from '../outbox/link.js';
import { InboundRate } from '../wire/inbound-rate.js';
import type { Room } from './room.js';

/**
 * A new client joins a running room.
 * @param isResumable it speaks `jamsocket.v1`
 * @param lost why its resume failed, if it has tried
 */
export function joinRoom(room: Room, client: Client, link: Link, isResumable: boolean, lost?: Lost): void {
  client.room = room;
  client.address = room.address;
  room.members.add(client, link, isResumable, lost);
  const now = room.now();
  client.joinedAt = Math.floor(now);
  client.inboundRate = InboundRate.of(room.definition.options.limits, now);
  room.occupancy.join();
  client.isCounted = true;
  if (client.auth !== null) room.authChanged(client, null);
  if (room.traffic.isCounted) room.traffic.clientsJoined++;
  room.observer?.clientJoined(room.context, client);
  room.post({ type: 'connect', client });
}

/** What a client takes along whose connection follows its room from another node. */
export interface Followed {
  readonly request: ClientRequest;
  /** How many data frames it was sent before. */
  readonly sent: number;
  readonly takesUncounted: boolean;
  /** Its presence as JSON. */
  readonly presence: string | undefined;
}

/** The connection of a client has followed the room to this node. The client does not notice, and no handler runs. */
export function followRoom(room: Room, client: Client, link: Link, followed: Followed): void {
  client.request = followed.request;
  client.inboundRate = InboundRate.of(room.definition.options.limits, room.now());
  room.members.follow(client, link, followed.sent, followed.takesUncounted);
  room.presence?.followed(client, followed.presence);
}

/**
 * A client that was away resumes on another connection.
 * @param admitted the client as the guards have seen it this time
 */
export function rejoinRoom(
  room: Room,
  resumable: Resumable,
  link: Link,
  admitted: Client,
  presentedToken: string,
): void {
  const { client } = resumable;
  room.members.resume(resumable, link, presentedToken);
  client.request = admitted.request;
  const before = client.auth;
  client.auth = admitted.auth ?? before;
  if (client.auth !== null) room.authChanged(client, before);
  client.inboundRate?.returned(client.session!.heardUntil, room.now());
  // It has another token now, which has to be saved.
  if (room.lifecycle !== null) room.lifecycle.changed();
  room.presence?.back(client);
  room.observer?.clientResumed(room.context, client);
  if (client.held?.isFull) link.pause();
  if (room.instance!.resume !== undefined) room.postInOrder({ type: 'resume', client, admitted });
}
