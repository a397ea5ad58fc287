import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { sendSocket, stopReading } from '../libs/jamsocket/src/workers/hand-over/raw-socket.js';
import { SocketSwitch } from '../libs/jamsocket/src/workers/hand-over/socket-switch.js';

const SENT = { jamsocket: 'give' as const, node: 'one', url: '/', rawHeaders: [], head: '' };
const GIFT = { ...SENT, from: 'two' };

/** A worker whose process does with sockets what the test says. */
class FakeWorker {
  hasEnded = false;
  readonly sent: { message: unknown; socket: Socket }[] = [];

  sendSocket(message: unknown, socket: Socket, callback: (error: Error | null) => void): void {
    this.sent.push({ message, socket });
    if (this.hasEnded) callback(new Error('the channel is closed'));
  }
}

let server: Server | undefined;

/** Two ends of one connection. */
async function pair(): Promise<{ client: Socket; socket: Socket }> {
  server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  return { client, socket };
}

afterEach(async () => {
  if (server === undefined) return;
  server.close();
  if (server.listening) await once(server, 'close');
});

describe('a socket on its way to another worker', () => {
  it('is closed if that worker ends before it has taken it, and only then', async () => {
    const sockets = new SocketSwitch();
    const [to, other] = [new FakeWorker(), new FakeWorker()];
    sockets.set('one', to, true);
    const first = await pair();
    sockets.pass(GIFT, first.socket);
    sockets.ended(other);
    const second = await pair();
    sockets.pass({ ...GIFT, head: Buffer.from('x').toString('base64') }, second.socket);
    expect(to.sent.map(({ message }) => message)).toEqual([
      { ...SENT, id: 1 },
      { ...SENT, id: 2, head: 'eA==' },
    ]);
    sockets.taken([2]);
    sockets.ended(to);
    await once(first.client, 'close');
    expect(second.client.destroyed).toBe(false);
    second.client.destroy();
    second.socket.destroy();
  });

  it.each(['shuts down', 'has ended'])('goes back to its sender if the other worker %s', async (how) => {
    const sockets = new SocketSwitch();
    const [to, from] = [new FakeWorker(), new FakeWorker()];
    sockets.set('one', to, how === 'has ended');
    sockets.set('two', from, true);
    to.hasEnded = how === 'has ended';
    const { client, socket } = await pair();
    sockets.pass(GIFT, socket);
    expect([to.sent, from.sent.map(({ message }) => message)]).toEqual([[], [{ ...SENT, id: 1, node: 'two' }]]);
    client.destroy();
    socket.destroy();
  });

  it('gets an answer if no worker takes it', async () => {
    const sockets = new SocketSwitch();
    const gone = new FakeWorker();
    sockets.set('one', gone, true);
    sockets.set('one', gone, false);
    expect(sockets.takes('one')).toBe(false);
    const { client, socket } = await pair();
    let answer = '';
    client.on('data', (chunk) => (answer += String(chunk)));
    sockets.pass(GIFT, socket);
    await once(client, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 1/s);
  });

  it('is closed if the channel to its worker breaks', async () => {
    const sockets = new SocketSwitch();
    const breaking = new FakeWorker();
    sockets.set('one', breaking, true);
    const { client, socket } = await pair();
    breaking.sendSocket = (_message, _socket, callback) => callback(new Error('the channel is closed'));
    sockets.pass(GIFT, socket);
    await once(client, 'close');
  });

  it('brings what was read before, and keeps no server from closing', async () => {
    const { client, socket } = await pair();
    client.write('first');
    await once(socket, 'readable');
    expect(String(stopReading(socket))).toBe('first');
    // The kernel has it. The event loop looks several times whether somebody here wants it: nobody does.
    await new Promise<unknown>((resolve) => client.write('second', resolve));
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    expect([socket.readableLength, String(stopReading(socket))]).toEqual([0, '']);
    // The other process has a descriptor of its own; here, the socket ends.
    sendSocket((_message, _sent, callback) => callback(null), {}, socket);
    server!.close();
    await once(server!, 'close');
    client.destroy();
  });
});
