import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TakeSocket } from '../../cluster/socket-hand-over.js';

const TEST_MS = 10_000;

/** Hands over, for the test. */
export interface TestedHandOver {
  give(node: string, socket: Socket, head: Buffer): void;
  /** @returns a function that ends the taking */
  open(node: string, take: TakeSocket): () => void;
}

/**
 * Hands a socket over to this process, through the primary, while its other end writes: before, at once, and 1 ms later.
 * @returns whether every byte has arrived, in order. Never rejects
 */
export async function testHandOver(handOver: TestedHandOver): Promise<boolean> {
  const node = `test-${randomUUID()}`;
  const server = createServer({ allowHalfOpen: true });
  const sockets: Socket[] = [];
  let end: (() => void) | undefined;
  const taken = new Promise<string>((resolve) => {
    end = handOver.open(node, (socket, { head }) => {
      sockets.push(socket);
      void textOf(socket, head).then(resolve);
    });
  });
  try {
    const run = talk(server, sockets, (socket) => handOver.give(node, socket, Buffer.from('a'))).then(() => taken);
    const text = await Promise.race([run, sleep(TEST_MS, '', { ref: false })]);
    return text === 'abcd';
  } catch {
    return false;
  } finally {
    end?.();
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

async function talk(server: Server, sockets: Socket[], give: (socket: Socket) => void): Promise<void> {
  // Without `exclusive`, the socket could come to another worker.
  server.listen({ port: 0, host: '127.0.0.1', exclusive: true });
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  sockets.push(client);
  const [socket] = (await once(server, 'connection')) as [Socket];
  client.write('b');
  // It is read here, and waits in the buffer of the socket.
  await once(socket, 'readable');
  client.write('c');
  give(socket);
  await sleep(1);
  client.end('d');
}

async function textOf(socket: Socket, head: Buffer): Promise<string> {
  let text = String(head);
  try {
    for await (const chunk of socket) text += String(chunk);
  } catch {
    // What has arrived counts.
  }
  return text;
}
