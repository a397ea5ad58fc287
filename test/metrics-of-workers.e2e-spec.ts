import { afterEach, expect, it } from '@jest/globals';
import { JamsocketService, OnMessage, type Client } from 'nestjs-jamsocket';
import { JamsocketPrometheusModule } from 'nestjs-jamsocket/prometheus';
import request from 'supertest';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { ClusterNode } from '../libs/jamsocket/src/cluster/cluster-node.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { PrometheusPage } from './support/prometheus-page.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

@JamsocketService('said')
class SayingRoom {
  @OnMessage()
  say(client: Client, text: string) {
    client.sendMessage(text);
  }
}

const apps: TestApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

/** Two processes as on one machine, or as in any other cluster. */
async function start(sharesPort: boolean) {
  const hub = new InProcessHub(new SystemClock());
  for (const name of ['one', 'two']) {
    const cluster = Object.assign(hub.node(name), { sharesPort });
    const imports = [JamsocketPrometheusModule.forRoot()];
    apps.push(await startTestApp({ options: { cluster }, imports, providers: [SayingRoom] }));
  }
  // A node hears of another one when it renews its lease.
  while (apps.some(({ app }) => [...app.get(ClusterNode).others].length === 0))
    await new Promise((resolve) => setTimeout(resolve, 20));
  const clients = [
    await TestClient.connect(`${apps[0].ws}/ws/said/a`),
    await TestClient.connect(`${apps[1].ws}/ws/said/b`),
    await TestClient.connect(`${apps[1].ws}/ws/said/b`),
  ];
  for (const client of clients) {
    client.send('hello');
    await client.until('hello');
  }
  return { hub, clients };
}

async function pageOf({ http }: TestApp): Promise<PrometheusPage> {
  return new PrometheusPage((await request(http).get('/metrics').expect(200)).text);
}

const CLIENTS = 'jamsocket_clients{service="said"}';
const MESSAGES = 'jamsocket_messages_received_total{kind="text",service="said"}';

it('/metrics of processes that share a port adds up all of them, whichever answers', async () => {
  const { hub, clients } = await start(true);
  for (const app of apps) {
    const page = await pageOf(app);
    expect([page.value(CLIENTS), page.value(MESSAGES)]).toEqual([3, 3]);
    expect(page.value('jamsocket_rooms{service="said"}')).toBe(2);
  }
  // One that does not answer is left out.
  hub.node('two').isMute = true;
  const page = await pageOf(apps[0]);
  expect([page.value(CLIENTS), page.value(MESSAGES)]).toEqual([1, 1]);
  hub.node('two').isMute = false;
  await Promise.all(clients.map((client) => client.close()));
});

it('/metrics of processes with a port each tells of its own', async () => {
  const { clients } = await start(false);
  expect((await pageOf(apps[0])).value(CLIENTS)).toBe(1);
  expect((await pageOf(apps[1])).value(CLIENTS)).toBe(2);
  await Promise.all(clients.map((client) => client.close()));
});
