import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketRooms,
  JamsocketService,
  OnDisconnect,
  type Client,
  type JamsocketOptions,
  type Limits,
} from 'nestjs-jamsocket';
import { setImmediate } from 'node:timers/promises';
import { Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();

@JamsocketService()
class Room {
  @OnDisconnect()
  disconnect({ id }: Client) {
    journal.add(`disconnect ${id}`);
  }
}

describe.each<[Limits, number]>([
  [{ maxConnections: 1 }, 503],
  [{ maxConnectionsPerIp: 1 }, 429],
])('with %j, a client whose connection is lost', (limits, status) => {
  let test: TestApp;
  let lobby: string;
  let client: ResumingClient;

  async function start(options: JamsocketOptions = {}) {
    test = await startTestApp({ providers: [Room], options: { ...options, limits } });
    lobby = `${test.ws}/ws/lobby`;
    client = await ResumingClient.connect(lobby);
  }

  async function lose() {
    await client.cut();
    const [{ clients }] = test.app.get(JamsocketRooms).localRooms();
    while (clients.get(1)?.isConnected) await setImmediate();
  }

  beforeEach(() => journal.clear());
  afterEach(() => test.close());

  it('counts as long as its place is kept', async () => {
    await start();
    await lose();
    await expect(TestClient.refused(lobby)).resolves.toMatchObject({ status });
  });

  it('is let in when it comes back, and counts once from then on', async () => {
    await start();
    await lose();
    await expect(client.resume()).resolves.toMatchObject({ client: 1, resumed: true });
    await expect(TestClient.refused(lobby)).resolves.toMatchObject({ status });
    await client.connection.close();
    await TestClient.connect(lobby);
  });

  it('is let in even where nobody has noticed the loss', async () => {
    await start();
    await expect(client.resume()).resolves.toMatchObject({ client: 1, resumed: true });
  });

  it('makes room when it does not come back', async () => {
    await start({ resume: { windowMs: 30 } });
    await client.cut();
    await journal.has('disconnect 1');
    await TestClient.connect(lobby);
  });
});
