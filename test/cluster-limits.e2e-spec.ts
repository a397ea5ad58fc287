import { afterEach, describe, expect, it } from '@jest/globals';
import { JamsocketObservers, JamsocketService } from 'nestjs-jamsocket';
import { TestClient } from 'nestjs-jamsocket/testing';
import type { SharedCounts, Wanted } from '../libs/jamsocket/src/base/limits/shared-counts.js';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { RefusedError } from '../libs/jamsocket/src/base/errors.js';
import { ThisNode } from '../libs/jamsocket/src/node/this-node.js';
import { ResumingClient } from './support/resuming-client.js';
import { twoNodes } from './support/two-nodes.js';
import { startTestApp, type TestApp } from './support/test-app.js';

@JamsocketService('lobby')
class LobbyRoom {}

/** The counts of a machine on which other processes have all the rooms. */
class FullOfRooms implements SharedCounts {
  async add(wanted: readonly Wanted[]): Promise<Wanted | undefined> {
    return wanted.find(({ name }) => name === 'rooms');
  }
  remove(): void {}
  async take(): Promise<boolean> {
    return true;
  }
}

describe('limits that processes of one machine share', () => {
  let app: TestApp;

  afterEach(() => app.close());

  it('refuse a room, which is no room that has failed, as without other processes', async () => {
    const node = new InProcessHub(new SystemClock()).node('alone');
    const cluster = Object.assign(node, { counts: new FullOfRooms() });
    app = await startTestApp({ options: { cluster, limits: { maxRooms: 5 } }, providers: [LobbyRoom] });
    const failures: unknown[] = [];
    app.app.get(JamsocketObservers).add({ roomFailed: (_room, error) => void failures.push(error) });
    const { body } = await TestClient.refused(`${app.ws}/ws/lobby/a`);
    expect((body as { code: string }).code).toBe('too_many_rooms');
    expect(failures).toEqual([]);
  });
});

describe.each([{ maxConnections: 2 }, { maxConnectionsPerIp: 2 }])('a node that is full by %j', (limits) => {
  const apps: TestApp[] = [];
  const refusal = { code: expect.stringMatching(/^(server_full|too_many_connections)$/) };
  let ann: ResumingClient;
  let bob: ResumingClient;

  /** The rooms are on the owner, and the clients on the edge. */
  const start = async () => {
    const { owner, edge } = twoNodes();
    for (const cluster of [owner, edge])
      apps.push(await startTestApp({ options: { cluster, limits }, providers: [LobbyRoom] }));
    [ann, bob] = [await ResumingClient.connect(lobby()), await ResumingClient.connect(lobby())];
  };
  const lobby = () => `${apps[1].ws}/ws/lobby/a`;
  const refusedTo = async (protocols: string[]) => {
    const { code, reason } = await (await TestClient.connect(lobby(), '', { protocols })).closed;
    return [code, JSON.parse(reason)] as const;
  };

  afterEach(async () => {
    for (const app of apps.splice(0).reverse()) await app.close();
  });

  it('lets in who resumes in a room of another node, and nobody else, and counts each once', async () => {
    await start();
    for (let n = 0; n < 4; n++) {
      // Nobody has noticed the loss of the earlier connection.
      expect(await ann.resume()).toMatchObject({ client: 1, resumed: true });
      ann.confirm();
      const stranger = ['jamsocket.v1', `jamsocket.resume.${ann.welcome.jamsocket.replace(/./g, 'x')}.0`];
      for (const protocols of [['jamsocket.v1'], stranger])
        expect(await refusedTo(protocols)).toEqual([expect.any(Number), refusal]);
      expect((await TestClient.refused(lobby())).body).toMatchObject(refusal);
    }
    await Promise.all([ann.connection.close(), bob.connection.close()]);
    const next = [await TestClient.connect(lobby()), await TestClient.connect(lobby())];
    expect((await TestClient.refused(lobby())).body).toMatchObject(refusal);
    for (const client of next) await client.close();
  });

  it('refuses who resumes if the node of the room has a version that cannot say whether it keeps the place', async () => {
    await start();
    apps[0].app.get(ThisNode).answer('keepsPlace', () => {
      throw new RefusedError(503, 'node_unavailable', 'This node does not know the call "keepsPlace".');
    });
    const { jamsocket } = ann.welcome;
    expect(await refusedTo(['jamsocket.v1', `jamsocket.resume.${jamsocket}.0`])).toEqual([expect.any(Number), refusal]);
    await bob.connection.close();
    expect(await ann.resume()).toMatchObject({ client: 1, resumed: true });
    await ann.connection.close();
  });
});
