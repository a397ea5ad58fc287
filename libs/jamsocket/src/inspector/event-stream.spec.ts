import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { EventStream } from './event-stream.js';

/** More than the kernel buffers for a socket that is not read. */
const TOO_MUCH = 'x'.repeat(32 * 1024 * 1024);

it('cuts off a page that does not read, so that the server can close', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  const stream = new EventStream(response);
  const closed = new Promise<void>((resolve) => stream.onClose(resolve));
  expect(stream.isBehind).toBe(false);
  stream.send('traffic', { entries: [], dropped: TOO_MUCH as never });
  expect(stream.isBehind).toBe(true);
  stream.end();
  await closed;
  server.close();
  await once(server, 'close');
  socket.destroy();
});
