import { createServer } from 'node:net';
import { CEILING } from '../workloads.js';

/** The same frame many times over: no server could send more cheaply. */
const frame = Buffer.concat([Buffer.from([0x81, CEILING.payloadBytes]), Buffer.alloc(CEILING.payloadBytes, '0')]);
const block = Buffer.concat(Array.from({ length: 1_000 }, () => frame));

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    const flood = () => {
      while (socket.write(block));
    };
    socket.on('drain', flood);
    flood();
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('ready\n'));
