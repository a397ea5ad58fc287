import { inParallel } from './crowd.js';
import { RawSocket } from './raw-socket.js';

// A process with clients, to be killed: `held-clients.js <port> <clients>`.
const ROOMS = 50;
const AT_ONCE = 50;
const TALK_MS = 100;

const [port, count] = process.argv.slice(2).map(Number);
const clients: RawSocket[] = [];
await inParallel(count, AT_ONCE, async (n) => {
  clients.push(await RawSocket.open(port, `journal/${n % ROOMS}`));
});
setInterval(() => {
  for (const client of clients) void client.sendText('here');
}, TALK_MS);
process.stdout.write('ready\n');
