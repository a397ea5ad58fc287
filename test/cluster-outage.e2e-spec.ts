import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketService,
  MemoryStore,
  OnConnect,
  OnTimer,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { ClusterNode } from '../libs/jamsocket/src/cluster/cluster-node.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { TestClient } from 'nestjs-jamsocket/testing';
import { Journal } from './support/gate.js';
import { startTestApp } from './support/test-app.js';

const journal = new Journal();
const ROOMS = 8;
/** Claims may wait for the directory. */
const PATIENT = { patienceMs: 30_000 };

@JamsocketService({ path: 'timed', durable: { save: 'turn' } })
class TimedRoom {
  @State() runs = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    this.ctx.setTimer(1_500, 'later');
    client.sendMessage('welcome');
  }

  @OnTimer('later')
  later() {
    this.runs++;
    journal.add(`timer of ${this.ctx.roomId}`);
  }
}

describe('the log of a node', () => {
  let lines: string[];

  beforeEach(() => {
    lines = [];
    for (const level of ['warn', 'error'] as const)
      jest
        .spyOn(Logger.prototype, level)
        .mockImplementation((...line) => void lines.push(`${level} ${line.join(' ')}`));
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('has no line for each client that is refused while the directory is away, and no stack', async () => {
    const node = new InProcessHub(new SystemClock()).node('alone');
    node.graceMs = 300;
    const options = { cluster: node, store: new MemoryStore() };
    const app = await startTestApp({ options, providers: [TimedRoom] });
    node.directoryAnswers = 'with errors';
    const { counts } = app.app.get(ClusterNode);
    while (counts.leasesLost === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = () => TestClient.refused(`${app.ws}/ws/timed/lobby`, '', PATIENT);
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 10 }, refused));
    const seconds = (performance.now() - began) / 1_000;
    expect(answers.map(({ body }) => (body as { code: string }).code)).toEqual(Array(10).fill('cluster_unavailable'));
    const about = lines.filter((line) => line.includes('/ws/timed/lobby'));
    expect(about.length).toBeGreaterThan(0);
    expect(about.length).toBeLessThanOrEqual(Math.floor(seconds) + 1);
    expect(about.join()).toMatch(/^warn Connecting to \/ws\/timed\/lobby failed: The cluster does not answer/);
    expect(about.join()).not.toContain('\n    at ');
    node.directoryAnswers = 'yes';
    await app.close();
  });

  it('does not warn of due rooms that another node has woken', async () => {
    const hub = new InProcessHub(new SystemClock());
    const store = new MemoryStore();
    const boot = (name: string) =>
      startTestApp({ options: { cluster: hub.node(name), store: new ProcessStore(store) }, providers: [TimedRoom] });
    const [one, two] = [await boot('one'), await boot('two')];
    await Promise.all(
      Array.from({ length: ROOMS }, async (_, at) => {
        const client = await TestClient.connect(`${one.ws}/ws/timed/room${at}`, '', PATIENT);
        await client.nextText();
        await client.close();
      }),
    );
    for (let at = 0; at < ROOMS; at++) await journal.has(`timer of room${at}`, 30_000);
    await one.close();
    await two.close();
    expect(journal.entries.length).toBe(ROOMS);
    expect(lines.filter((line) => line.includes('woken'))).toEqual([]);
  });
});
