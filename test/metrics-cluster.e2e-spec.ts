import { Logger } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { JamsocketService, OnConnect, OnMessage, type Client } from 'nestjs-jamsocket';
import { JamsocketOpenTelemetryModule } from 'nestjs-jamsocket/opentelemetry';
import { JamsocketPrometheusModule } from 'nestjs-jamsocket/prometheus';
import { RedisCluster } from 'nestjs-jamsocket/redis';
import request from 'supertest';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { ClusterNode } from '../libs/jamsocket/src/cluster/cluster-node.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { untilDone } from './support/redis-cluster.js';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';
import { PrometheusPage } from './support/prometheus-page.js';
import { startTestApp, type TestApp, type TestAppOptions } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

@JamsocketService('echo')
class EchoRoom {
  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  echo(client: Client, text: string) {
    client.sendMessage(text);
  }
}

const boot = (cluster: NonNullable<TestAppOptions['options']>['cluster'], imports: TestAppOptions['imports']) =>
  startTestApp({ options: { cluster }, imports, providers: [EchoRoom] });

async function enter({ ws }: TestApp, room: string) {
  const client = await TestClient.connect(`${ws}/ws/echo/${room}`);
  await client.until('welcome');
  return client;
}

async function scrape({ http }: TestApp): Promise<(name: string) => number | undefined> {
  const page = new PrometheusPage((await request(http).get('/metrics').expect(200)).text);
  return (name) => page.value(`jamsocket_${name}`);
}

/** Waits for a page on which this holds. */
const untilPage = (app: TestApp, holds: (value: (name: string) => number | undefined) => boolean) =>
  untilDone(async () => {
    if (!holds(await scrape(app))) throw new Error(`not yet: ${String(holds)}`);
  });

beforeAll(() => {
  for (const level of ['error', 'warn'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
});
afterAll(() => void jest.restoreAllMocks());

describe('the metrics of a node', () => {
  const hub = new InProcessHub(new SystemClock());
  const [first, second] = [hub.node('first'), hub.node('second')];
  let one: TestApp;
  let two: TestApp;

  beforeAll(async () => {
    first.graceMs = 1_000;
    one = await boot(first, [JamsocketPrometheusModule.forRoot()]);
    two = await boot(second, [JamsocketPrometheusModule.forRoot()]);
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  it('tell of its lease, its claims, its links and what goes over them', async () => {
    const ann = await enter(one, 'shared');
    const bob = await enter(two, 'shared');
    const before = await scrape(two);
    bob.send('x'.repeat(10_000));
    await bob.until((message) => message.length === 10_000);
    await untilPage(one, (value) => value('cluster_nodes') === 2);
    const [owner, edge] = [await scrape(one), await scrape(two)];
    expect(owner('cluster_lease_age_seconds')).toBeLessThan(2);
    expect(owner('cluster_claims_total{outcome="granted"}')).toBe(1);
    expect(edge('cluster_claims_total{outcome="granted"}')).toBe(0);
    expect([owner('cluster_links'), edge('cluster_links')]).toEqual([1, 1]);
    expect(edge('relay_sent_bytes_total')! - before('relay_sent_bytes_total')!).toBeGreaterThan(10_000);
    expect(edge('relay_received_bytes_total')! - before('relay_received_bytes_total')!).toBeGreaterThan(10_000);
    expect(edge('relay_messages_sent_total')).toBeGreaterThan(before('relay_messages_sent_total')!);
    expect(edge('relay_messages_received_total')).toBeGreaterThan(before('relay_messages_received_total')!);
    expect(owner('relay_credit_bytes')).toBeGreaterThan(0);
    expect(owner('relay_waiting_bytes')).toBe(0);
    for (const name of ['failovers', 'rooms_lost', 'suspensions', 'leases_lost'])
      expect([name, owner(`cluster_${name}_total`)]).toEqual([name, 0]);
    await Promise.all([ann.close(), bob.close()]);
  });

  it('count claims of a room that another node has', async () => {
    const client = await enter(two, 'taken');
    const node = one.app.get(ClusterNode);
    await expect(node.claim({ service: 'echo', key: 'taken' })).rejects.toMatchObject({ code: 'room_moved' });
    expect((await scrape(one))('cluster_claims_total{outcome="elsewhere"}')).toBe(1);
    await client.close();
  });

  it('count messages that were missed', async () => {
    const ann = await enter(one, 'gaps');
    const bob = await enter(two, 'gaps');
    let losses = 0;
    hub.isLost = (_from, _to, bytes) => bytes.includes('lost once') && losses++ === 0;
    bob.send('lost once');
    await bob.until('lost once');
    hub.isLost = () => false;
    expect((await scrape(one))('relay_gaps_total')).toBe(1);
    await Promise.all([ann.close(), bob.close()]);
  });

  it('count what a node loses, and what another one takes over', async () => {
    await enter(one, 'lost');
    first.kill();
    await untilDone(() => enter(two, 'lost').then((client) => client.close()));
    expect((await scrape(two))('cluster_failovers_total')).toBe(1);
    await untilPage(one, (value) => value('cluster_leases_lost_total') === 1);
    const value = await scrape(one);
    expect([value('cluster_suspensions_total'), value('cluster_rooms_lost_total')]).toEqual([1, 1]);
    const sent = value('relay_sent_bytes_total')!;
    first.directoryAnswers = 'yes';
    first.isDeaf = false;
    first.isMute = false;
    // It has begun anew, and its totals have not.
    await untilPage(one, (again) => again('cluster_nodes') === 2 && again('relay_sent_bytes_total')! >= sent);
    await untilPage(two, (again) => again('cluster_nodes') === 2);
  });
});

describe('the metrics of a node, in OpenTelemetry', () => {
  it('have the same values, and those that do not add up are gauges', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const hub = new InProcessHub(new SystemClock());
    const app = await boot(hub.node('one'), [JamsocketOpenTelemetryModule.forRoot({ spans: false })]);
    const client = await enter(app, 'lobby');
    await reader.forceFlush();
    const found = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics: all }) => all));
    const named = (name: string) => found.find(({ descriptor }) => descriptor.name === `jamsocket.${name}`);
    expect(named('cluster.nodes')?.descriptor.unit).toBe('{node}');
    expect(named('cluster.nodes')?.dataPoints.map(({ value }) => value)).toEqual([1]);
    expect(named('cluster.lease.age')?.dataPoints[0].value).toBeLessThan(2);
    const claims = named('cluster.claims')!.dataPoints.map(({ attributes, value }) => [attributes, value]);
    expect(claims).toContainEqual([{ 'jamsocket.claim.outcome': 'granted' }, 1]);
    expect(named('relay.received.io')?.dataPoints).toHaveLength(1);
    await client.close();
    await app.close();
    metrics.disable();
  });
});

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;

describeRedis('a failover with a real Redis', () => {
  let server: TestServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await startRedis(program!, []);
    redis = new Redis({ port: server.port, host: '127.0.0.1' });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('is counted where the room begins again, and a room that was released is none', async () => {
    const directory = () => new RedisCluster({ redis }).openDirectory();
    const room = { service: 'echo', key: 'lobby' };
    const [one, two] = [directory(), directory()];
    for (const [node, incarnation] of [
      [one, 'one'],
      [two, 'two'],
    ] as const)
      await node.renew({ incarnation, leaseMs: 500, info: '', rooms: [] });
    const claim = (node: typeof one, incarnation: string, number: number) =>
      untilDone(async () => {
        await node.renew({ incarnation, leaseMs: 500, info: '', rooms: [] });
        const claimed = await node.claim({ room, incarnation, number });
        if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
        return claimed;
      });
    const granted = await claim(one, 'one', 1);
    expect(granted.isFailover).toBe(false);
    // Its lease runs out.
    const { fence, isFailover } = await claim(two, 'two', 1);
    expect(isFailover).toBe(true);
    await two.release({ room, incarnation: 'two', claim: { fence } });
    expect((await claim(one, 'three', 1)).isFailover).toBe(false);
    await one.resign('three');
    expect((await claim(two, 'two', 2)).isFailover).toBe(false);
    await Promise.all([one.close(), two.close()]);
  });
});
