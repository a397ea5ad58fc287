import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { cutSlowHeaders } from './slow-headers.js';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it('cuts off clients that do not complete their headers in time', async () => {
  server = createServer();
  cutSlowHeaders(server, 50, 10);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answers = Array.from({ length: 20 }, async () => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.write('GET /ws/lobby HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    await once(socket, 'close');
    return answer;
  });
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1.1 408 /);
});

it('waits 5 s, and looks every second', () => {
  server = createServer();
  cutSlowHeaders(server);
  expect(server).toMatchObject({ headersTimeout: 5_000, connectionsCheckingInterval: 1_000 });
});
