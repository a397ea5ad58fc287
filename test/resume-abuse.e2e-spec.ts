import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnDisconnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp, type TestAppOptions } from './support/test-app.js';
import { tcpSocketOf, TestClient } from './support/test-client.js';

/** A text frame of a client that is not masked: RFC 6455 section 5.1 forbids it. */
const UNMASKED = Buffer.from([0x81, 0x00]);

const journal = new Journal();

@JamsocketService()
class Room {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message({ id }: Client, text: string) {
    journal.add(`${id}: ${text}`);
    this.ctx.sendMessage(Broadcast, text);
  }

  @OnDisconnect()
  disconnect({ id }: Client) {
    journal.add(`disconnect ${id}`);
  }
}

let test: TestApp;
let lobby: string;

async function start(options: Pick<TestAppOptions, 'options'> = {}) {
  journal.clear();
  test = await startTestApp({ providers: [Room], ...options });
  lobby = `${test.ws}/ws/lobby`;
}

const idsInRoom = () =>
  test.app
    .get(JamsocketRooms)
    .localRooms()
    .flatMap(({ clients }) => [...clients.keys()]);

afterEach(() => test.close());

describe('a client that comes back from a connection that is not over', () => {
  it.each([true, false])(
    'and on which it broke the protocol is a new one (with others that resume: %s)',
    async (hasOthers) => {
      await start();
      const client = await ResumingClient.connect(lobby);
      const other = hasOthers ? await ResumingClient.connect(lobby) : await TestClient.connect(lobby);
      client.send('here');
      await client.until('here');
      // The client does not answer the close, so that the connection has not ended yet.
      const socket = tcpSocketOf(client.connection);
      socket.removeAllListeners('data').removeAllListeners('end');
      const answered = new Promise((resolve) => socket.once('data', resolve));
      socket.write(UNMASKED);
      await answered;
      await expect(client.resume()).resolves.toMatchObject({ resumed: false, lost: 'unknown', client: 3 });
      client.confirm();
      client.send('again');
      await journal.has('3: again');
      expect(journal.entries).toContain('disconnect 1');
      expect(idsInRoom()).toEqual([2, 3]);
      if (other instanceof ResumingClient) await other.until('again');
      else await other.until('again');
    },
  );

  it('leaves no connection behind that limits do not count, if it has to begin anew', async () => {
    await start({ options: { limits: { maxConnectionsPerIp: 1 } } });
    const client = await ResumingClient.connect(lobby);
    const old = tcpSocketOf(client.connection).pause();
    const isCut = new Promise((resolve) => old.once('close', resolve));
    old.on('error', () => undefined);
    await expect(client.resume(1_000)).resolves.toMatchObject({ resumed: false, lost: 'gap', client: 2 });
    const server = test.app.getHttpServer() as {
      getConnections(callback: (error: unknown, count: number) => void): void;
    };
    const open = await new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
    expect(open).toBe(1);
    old.resume();
    await isCut;
    expect(idsInRoom()).toEqual([2]);
  });
});
