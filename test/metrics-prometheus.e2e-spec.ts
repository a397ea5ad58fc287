import { Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { afterEach, beforeAll, afterAll, describe, expect, it, jest } from '@jest/globals';
import { METRICS } from 'nestjs-jamsocket';
import {
  JamsocketPrometheusModule,
  PrometheusMetrics,
  type JamsocketPrometheusOptions,
} from 'nestjs-jamsocket/prometheus';
import { Counter, Registry } from 'prom-client';
import request from 'supertest';
import { Gate } from './support/gate.js';
import { MeasuredRoom, slowGate } from './support/measured.room.js';
import { PrometheusPage } from './support/prometheus-page.js';
import { ResumingClient } from './support/resuming-client.js';
import { EXPRESS_ALONE, HOSTS, startTestApp, type Host, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const FASTIFY = HOSTS.find(({ platform }) => platform === 'fastify') ?? EXPRESS_ALONE;

let started: TestApp | undefined;
let logged: ReturnType<typeof jest.spyOn>;

beforeAll(() => {
  logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
});
afterAll(() => logged.mockRestore());
afterEach(async () => {
  slowGate.current.open();
  await started?.close();
  started = undefined;
});

async function start(
  prometheus: JamsocketPrometheusOptions = {},
  coalesce = true,
  host: Host = EXPRESS_ALONE,
  handlerTimeoutMs?: number,
) {
  slowGate.current = new Gate();
  const imports = [JamsocketPrometheusModule.forRoot(prometheus)];
  const options = { coalesce, handlerTimeoutMs };
  return (started = await startTestApp({ host, options, imports, providers: [MeasuredRoom] }));
}

async function scrape({ http }: TestApp, path = '/metrics'): Promise<PrometheusPage> {
  const response = await request(http).get(path).expect(200);
  expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return new PrometheusPage(response.text);
}

describe.each([
  { host: EXPRESS_ALONE, coalesce: true },
  { host: EXPRESS_ALONE, coalesce: false },
  { host: FASTIFY, coalesce: true },
])('/metrics, on $host.platform with coalesce $coalesce', ({ host, coalesce }) => {
  it('shows what is there, and what has been', async () => {
    const app = await start({}, coalesce, host);
    const url = `${app.ws}/ws/measured/lobby`;
    const a = await TestClient.connect(url);
    await a.until('welcome');
    const b = await TestClient.connect(url);
    await b.until('welcome');
    a.send('häl');
    await b.until('häl');
    a.send(Buffer.alloc(1000));
    await a.until((message) => message.length === 1000);
    a.send('wrong');
    await a.until((message) => message.includes('your mistake'));
    a.send('bug');
    await a.until((message) => message.includes('Internal server error'));
    await TestClient.refused(`${app.ws}/ws/measured/broken`);
    await TestClient.refused(`${app.ws}/ws/no/such`);
    await b.close(3456);

    const page = await scrape(app);
    const ofService = { rooms: 1, clients: 1, clients_away: 0, mailbox_events: 0, buffered_bytes: 0 };
    for (const [name, value] of Object.entries({ ...ofService, rooms_started_total: 1, rooms_failed_total: 1 })) {
      expect([name, page.value(`jamsocket_${name}{service="measured"}`)]).toEqual([name, value]);
    }
    expect(page.value('jamsocket_clients_connected_total{service="measured"}')).toBe(2);
    expect(page.series('jamsocket_clients_disconnected_total')).toEqual({
      'jamsocket_clients_disconnected_total{code="3xxx",service="measured"}': 1,
    });
    expect(page.series('jamsocket_connections_refused_total')).toEqual({
      'jamsocket_connections_refused_total{code="room_failed"}': 1,
      'jamsocket_connections_refused_total{code="no_such_service"}': 1,
    });
    const of = (kind: string) => `{kind="${kind}",service="measured"}`;
    expect(page.value(`jamsocket_messages_received_total${of('text')}`)).toBe(3);
    expect(page.value(`jamsocket_messages_received_bytes_total${of('text')}`)).toBe(
      'häl'.length + 1 + 'wrongbug'.length,
    );
    expect(page.value(`jamsocket_messages_received_total${of('binary')}`)).toBe(1);
    expect(page.value(`jamsocket_messages_received_bytes_total${of('binary')}`)).toBe(1000);
    // Two welcomes, one broadcast to two, and two exceptions.
    expect(page.value(`jamsocket_messages_sent_total${of('text')}`)).toBe(6);
    expect(page.value(`jamsocket_messages_sent_total${of('binary')}`)).toBe(1);
    expect(page.value(`jamsocket_messages_sent_bytes_total${of('binary')}`)).toBe(1000);
    expect(page.series('jamsocket_handler_errors_total')).toEqual({
      'jamsocket_handler_errors_total{fault="client",handler="MeasuredRoom.message",service="measured"}': 1,
      'jamsocket_handler_errors_total{fault="server",handler="MeasuredRoom.message",service="measured"}': 1,
      'jamsocket_handler_errors_total{fault="server",handler="MeasuredRoom.create",service="measured"}': 1,
    });
    const durations = page.series('jamsocket_handler_duration_seconds_count');
    expect(durations).toEqual({
      'jamsocket_handler_duration_seconds_count{handler="MeasuredRoom.create",service="measured"}': 2,
      'jamsocket_handler_duration_seconds_count{handler="MeasuredRoom.connect",service="measured"}': 2,
      'jamsocket_handler_duration_seconds_count{handler="MeasuredRoom.message",service="measured"}': 3,
      'jamsocket_handler_duration_seconds_count{handler="MeasuredRoom.binary",service="measured"}': 1,
      'jamsocket_handler_duration_seconds_count{handler="MeasuredRoom.disconnect",service="measured"}': 1,
    });
    expect(
      page.value('jamsocket_handler_duration_seconds_sum{handler="MeasuredRoom.message",service="measured"}'),
    ).toBeLessThan(1);
    expect(page.value('process_cpu_seconds_total')).toBeGreaterThan(0);

    await a.close();
    const after = await scrape(app);
    expect(after.value('jamsocket_rooms{service="measured"}')).toBe(0);
    expect(after.value('jamsocket_rooms_started_total{service="measured"}')).toBe(1);
    expect(after.value('jamsocket_clients_disconnected_total{code="1000",service="measured"}')).toBe(1);
  });

  it('shows who is away, and what waits', async () => {
    const app = await start({}, coalesce, host);
    const client = await ResumingClient.connect(`${app.ws}/ws/measured/lobby`);
    await client.until('welcome');
    await client.cut();
    await untilSeen(app, 'jamsocket_clients_away{service="measured"}', 1);
    await client.resume();
    client.confirm();
    client.send('{"event":"slow"}');
    client.send('one');
    client.send('two');
    await untilSeen(app, 'jamsocket_mailbox_events{service="measured"}', 2);
    slowGate.current.open();
    await client.until('two');
    const page = await scrape(app);
    expect(page.value('jamsocket_clients_lost_total{service="measured"}')).toBe(1);
    expect(page.value('jamsocket_clients_resumed_total{service="measured"}')).toBe(1);
    expect(page.value('jamsocket_clients_connected_total{service="measured"}')).toBe(1);
    expect(page.value('jamsocket_clients{service="measured"}')).toBe(1);
  });

  it('shows handlers that take too long', async () => {
    const app = await start({}, coalesce, host, 100);
    const client = await TestClient.connect(`${app.ws}/ws/measured/lobby`);
    client.emit('slow');
    client.send('next');
    await client.until('next');
    const page = await scrape(app);
    expect(page.value('jamsocket_handler_timeouts_total{handler="MeasuredRoom.slow",service="measured"}')).toBe(1);
  });
});

describe('/metrics', () => {
  it('has every metric from the beginning, with its help and type', async () => {
    const page = await scrape(await start());
    const ours = [...page.types].filter(([name]) => name.startsWith('jamsocket_'));
    expect(ours).toHaveLength(Object.keys(METRICS).length);
    for (const [name, type] of ours) {
      expect(page.help.get(name)).toMatch(/\.$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    }
    expect(page.series('jamsocket_rooms')).toEqual({ 'jamsocket_rooms{service="measured"}': 0 });
  });

  it('stays small whatever clients choose', async () => {
    const app = await start({ defaultMetrics: false });
    const sizes: number[] = [];
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < 10; at++) {
        const n = round * 10 + at;
        const client = await TestClient.connect(`${app.ws}/ws/measured/room-${n}`);
        client.emit(`event-${n}`);
        client.send(`text ${n}`);
        await client.until(`text ${n}`);
        await client.close(4000 + n);
        await TestClient.refused(`${app.ws}/ws/nothing/at/${n}`);
      }
      sizes.push((await request(app.http).get('/metrics')).text.split('\n').length);
    }
    expect(sizes[1]).toBe(sizes[0]);
  });

  it('is only for those whom a guard lets in', async () => {
    @Injectable()
    class TokenGuard implements CanActivate {
      canActivate(context: ExecutionContext) {
        return (
          context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers.authorization ===
          'Bearer secret'
        );
      }
    }
    const app = await start({ guards: [TokenGuard] });
    await request(app.http).get('/metrics').expect(403);
    await request(app.http).get('/metrics').set('Authorization', 'Bearer secret').expect(200);
  });

  it('can have another path, other names and other buckets', async () => {
    const app = await start({ path: 'internal/prometheus', prefix: 'chat_', buckets: [1, 2], defaultMetrics: false });
    await request(app.http).get('/metrics').expect(404);
    const client = await TestClient.connect(`${app.ws}/ws/measured/lobby`);
    await client.until('welcome');
    const page = await scrape(app, '/internal/prometheus');
    expect(page.value('chat_rooms{service="measured"}')).toBe(1);
    expect(
      Object.keys(page.series('chat_handler_duration_seconds_bucket')).filter((name) => name.includes('.connect')),
    ).toHaveLength(3);
    expect(page.value('process_cpu_seconds_total')).toBeUndefined();
  });

  it('can be left to the application, in whose registry the metrics are then', async () => {
    const registry = new Registry();
    const own = new Counter({ name: 'own_total', help: 'Of the application.', registers: [registry] });
    own.inc(7);
    const app = await start({ path: false, registry });
    await request(app.http).get('/metrics').expect(404);
    expect(app.app.get(PrometheusMetrics, { strict: false }).registry).toBe(registry);
    const page = new PrometheusPage(await registry.metrics());
    expect(page.value('own_total')).toBe(7);
    expect(page.value('jamsocket_rooms{service="measured"}')).toBe(0);
    await app.close();
    started = undefined;
    // Another application may come, and use the same registry.
    expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(['own_total']);
  });
});

async function untilSeen(app: TestApp, series: string, wanted: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = (await scrape(app)).value(series);
    if (value === wanted) return;
    if (Date.now() > deadline) throw new Error(`${series} is ${value}, not ${wanted}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 10));
  }
}
