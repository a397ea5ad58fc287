import { once } from 'node:events';
import { WebSocket } from 'ws';
import { join } from './edge-fault.js';

// A process with clients that read a stream, and one at the room's node that starts it and reads it too:
// `read-nothing.js <url at the owner> <url at the edge> <count> <bytes a second>`. When it is told to, they stop reading; when
// it is told to again, they read, and it tells the codes with which they are closed.
const [, , ownerUrl, edgeUrl, count, bytesPerSecond] = process.argv;
const PATIENCE_MS = 2_000;

const talker = await join(ownerUrl);
talker.on('message', () => undefined);
const guests = await Promise.all(Array.from({ length: Number(count) }, () => join(edgeUrl)));
talker.send(bytesPerSecond);
process.send!('in');
await once(process, 'message');
for (const guest of guests) guest.pause();
process.send!('paused');
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
