import type { Client } from '../../members/client.js';
import type { JamsocketContext } from '../../members/room-context.js';
import type { ObserverSet } from '../../observe/observer-set.js';
import type { Traffic } from '../../traffic/traffic.js';

/** Whom a room tells of the messages of its clients. */
export interface HearingRoom {
  readonly traffic: Traffic;
  readonly context: JamsocketContext;
  readonly observer: ObserverSet | null;
}

/** @param bytes length of the text in UTF-8 */
export function tellText(
  { traffic, context, observer }: HearingRoom,
  client: Client,
  text: string,
  bytes: number,
): void {
  if (traffic.isCounted) traffic.text.countReceived(bytes);
  if (observer !== null && observer.wantsMessages)
    observer.messageReceived(context, client, { kind: 'text', payload: text, bytes });
}

export function tellBinary({ traffic, context, observer }: HearingRoom, client: Client, payload: Buffer): void {
  const bytes = payload.length;
  if (traffic.isCounted) traffic.binary.countReceived(bytes);
  if (observer !== null && observer.wantsMessages)
    observer.messageReceived(context, client, { kind: 'binary', payload, bytes });
}
