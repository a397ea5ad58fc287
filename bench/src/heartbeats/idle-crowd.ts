import { PROTOCOLS, type ProtocolName } from '../load/protocols.js';
import { RawClient } from '../load/raw-client.js';

/** The crowd's first argument, as JSON. */
export interface CrowdOrder {
  readonly port: number;
  readonly protocol: ProtocolName;
  readonly clients: number;
}

const CONNECT_AT_ONCE = 50;
const CLIENTS_PER_ROOM = 10;

const { port, protocol, clients } = JSON.parse(process.argv[2]) as CrowdOrder;
let chunks = 0;

/** Clients that say nothing on their own. Prints how many chunks they got, for each SIGUSR2. */
for (let at = 0; at < clients; at += CONNECT_AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(CONNECT_AT_ONCE, clients - at) }, (_, index) => open(at + index)));
}
process.stdout.write('ready\n');
// A process that sleeps has to be woken by the server's write, which costs the server as much as the write itself, and
// happens more often the less the clients have to do. Clients elsewhere wake nobody here.
const spin = () => setImmediate(spin);
spin();
process.on('SIGUSR2', () => process.stdout.write(`${chunks}\n`));

async function open(number: number): Promise<void> {
  const arrival = { onMessage: () => undefined, onChunkEnd: () => void chunks++ };
  const path = `/ws/echo/idle-${Math.floor(number / CLIENTS_PER_ROOM)}`;
  const client = new RawClient(number, port, path, PROTOCOLS[protocol], 64, false, arrival);
  await client.ready;
  void client.closed.then(() => {
    process.stderr.write(`client ${number} was closed\n`);
    process.exit(1);
  });
}
