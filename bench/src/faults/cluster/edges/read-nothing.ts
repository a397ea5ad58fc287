import { once } from 'node:events';
import { WebSocket } from 'ws';
import { join } from './edge-fault.js';

// A process with clients that read nothing, and one at the room's node that starts a stream and reads it:
// `read-nothing.js <url at the owner> <url at the edge> <count> <bytes a second>`. When it is told to, they read again, and
// it tells the codes with which they are closed.
const [, , ownerUrl, edgeUrl, count, bytesPerSecond] = process.argv;
const PATIENCE_MS = 2_000;

const talker = await join(ownerUrl);
talker.on('message', () => undefined);
const guests = await Promise.all(Array.from({ length: Number(count) }, () => join(edgeUrl)));
for (const guest of guests) guest.pause();
talker.send(bytesPerSecond);
process.send!('in');
await once(process, 'message');
talker.send('0');
const codes = await Promise.all(guests.map(leave));
talker.close();
await once(talker, 'close');
process.send!({ codes }, () => process.exit());

/** Reads again. @returns the close code */
async function leave(guest: WebSocket): Promise<number> {
  const closed = once(guest, 'close');
  guest.resume();
  setTimeout(() => guest.close(), PATIENCE_MS).unref();
  return ((await closed) as [number])[0];
}
