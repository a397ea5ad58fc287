import type { ObserverSet } from '../observe/observer-set.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { ClientEvent } from './room-event.js';

/** Tells the observers of a message that a client has sent. */
export function tellReceived(observer: ObserverSet, room: JamsocketContext, event: ClientEvent): void {
  const { client } = event;
  if (event.type === 'binary') {
    observer.messageReceived(room, client, { kind: 'binary', payload: event.bytes, bytes: event.bytes.length });
  } else {
    const bytes = Buffer.byteLength(event.text);
    observer.messageReceived(room, client, { kind: 'text', payload: event.text, bytes });
  }
}
