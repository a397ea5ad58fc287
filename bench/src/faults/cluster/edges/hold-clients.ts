import { inParallel } from '../../crowd.js';
import { RawSocket } from '../../raw-socket.js';

// A process with many clients: `hold-clients.js <port> <rooms, as JSON> <count>`. It tells when they are in.
const AT_ONCE = 50;
const [port, rooms, count] = [
  Number(process.argv[2]),
  JSON.parse(process.argv[3]) as string[],
  Number(process.argv[4]),
];

await inParallel(count, AT_ONCE, async (number) => {
  const client = await RawSocket.open(port, rooms[number % rooms.length]);
  if (client.status !== 101) throw new Error(`${client.status} ${client.body}`);
});
process.send!('in');
