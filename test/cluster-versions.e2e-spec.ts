import { Logger } from '@nestjs/common';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { JamsocketService, MemoryStore } from 'nestjs-jamsocket';
import type { ClusterDriver } from '../libs/jamsocket/src/cluster/cluster-driver.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { PROTOCOL } from '../libs/jamsocket/src/cluster/links/link-frame.js';
import type { Relay } from '../libs/jamsocket/src/cluster/relay.js';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { Ledger } from './support/ledger.room.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const OTHER = 99;

/** A node whose links speak another version. */
function ofAnotherVersion(driver: ClusterDriver): ClusterDriver {
  const swapped = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    if (copy[0] === PROTOCOL) copy[0] = OTHER;
    else if (copy[0] === OTHER) copy[0] = PROTOCOL;
    return copy;
  };
  const wrapped = (relay: Relay): Relay => ({
    open: (node, receive) => relay.open(node, (bytes) => receive(swapped(bytes))),
    send: (node, bytes) => relay.send(node, swapped(bytes)),
    reconnect: () => relay.reconnect(),
    close: () => relay.close(),
  });
  return {
    check: () => driver.check(),
    openDirectory: () => driver.openDirectory(),
    openRelay: () => wrapped(driver.openRelay()),
  };
}

function ledgerOf(version: number) {
  @JamsocketService({ path: 'ledger', durable: { save: 'turn', version } })
  class LedgerRoom extends Ledger {}
  return LedgerRoom;
}

describe('nodes of two versions', () => {
  const apps: TestApp[] = [];
  const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const failed = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const boot = async (cluster: ClusterDriver, store: MemoryStore, version = 1) => {
    const app = await startTestApp({
      options: { cluster, store: new ProcessStore(store) },
      providers: [ledgerOf(version)],
    });
    apps.push(app);
    return app;
  };

  afterAll(() => void jest.restoreAllMocks());
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
    warned.mockClear();
    failed.mockClear();
  });

  it('refuse each other with words if their links differ, and lose nothing', async () => {
    const hub = new InProcessHub(new SystemClock());
    const store = new MemoryStore();
    const one = await boot(hub.node('one'), store);
    const two = await boot(ofAnotherVersion(hub.node('two')), store);
    const ann = await ResumingClient.connect(`${one.ws}/ws/ledger/lobby`);
    ann.send('1');
    await ann.until('total 1');
    for (;;) {
      const refused = await TestClient.refused(`${two.ws}/ws/ledger/lobby`);
      expect(refused.status).toBe(503);
      if ((refused.body as { code: string }).code !== 'node_unavailable') continue;
      expect(refused.headers['retry-after']).toBe('1');
      expect((refused.body as { message: string }).message).toContain(
        `speaks version ${OTHER} of the links between nodes, and this node ${PROTOCOL}`,
      );
      break;
    }
    const lines = warned.mock.calls.map(([line]) => String(line)).filter((line) => line.startsWith('Node '));
    // One of each node.
    expect(lines).toHaveLength(2);
    expect(lines.join()).toContain(
      `speaks version ${OTHER} of the links between nodes, and this node version ${PROTOCOL}`,
    );
    ann.send('2');
    await ann.until('total 3');
    const bob = await TestClient.connect(`${two.ws}/ws/ledger/other`);
    bob.send('5');
    expect(await bob.nextText()).toBe('total 5');
    await apps.shift()!.close();
    expect((await ann.connection.closed).code).toBe(1012);
    const resumed = await ResumingClient.connect(`${two.ws}/ws/ledger/lobby`);
    resumed.send('4');
    await resumed.until('total 7');
    await Promise.all([resumed.connection.close(), bob.close()]);
  });

  it('leave a room to the newer one whose class has saved it, and lose nothing', async () => {
    const hub = new InProcessHub(new SystemClock());
    const store = new MemoryStore();
    const newer = await boot(hub.node('newer'), store, 2);
    const older = await boot(hub.node('older'), store, 1);
    const ann = await TestClient.connect(`${newer.ws}/ws/ledger/lobby`);
    ann.send('1');
    expect(await ann.nextText()).toBe('total 1');
    await ann.close();
    for (;;) {
      const refused = await TestClient.refused(`${older.ws}/ws/ledger/lobby`).catch(() => undefined);
      // The first instance may not have stopped yet: then its node has taken the client.
      if (refused === undefined) continue;
      expect(refused).toMatchObject({ status: 503, body: { code: 'room_unreadable' } });
      expect((refused.body as { message: string }).message).toContain('saved by version 2 of its class');
      break;
    }
    const bob = await TestClient.connect(`${newer.ws}/ws/ledger/lobby`);
    bob.send('2');
    expect(await bob.nextText()).toBe('total 3');
    await bob.close();
  });
});
