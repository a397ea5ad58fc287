import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LoggerService } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { JamsocketHealth, JamsocketService, OnMessage, State, type Client, type RoomStore } from 'nestjs-jamsocket';
import { LmdbStore } from 'nestjs-jamsocket/lmdb';
import { JamsocketOpenTelemetryModule } from 'nestjs-jamsocket/opentelemetry';
import { JamsocketPrometheusModule, PrometheusMetrics } from 'nestjs-jamsocket/prometheus';
import { createTestRoom, useLeakGuard, type TestRoom } from 'nestjs-jamsocket/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from './support/ledger.room.js';
import { MoodyStore } from './support/moody-store.js';
import { PrometheusPage } from './support/prometheus-page.js';

useLeakGuard();

@JamsocketService({ path: 'ledger', durable: { save: 'turn' }, shutdown: 'never' })
class LedgerRoom extends Ledger {}

@JamsocketService({ path: 'counter', durable: { save: { everyMs: 1_000 } }, shutdown: 'never' })
class CounterRoom {
  @State() count = 0;

  @OnMessage()
  add(client: Client) {
    client.sendMessage(`${++this.count}`);
  }
}

@JamsocketService('fleeting')
class FleetingRoom {
  @OnMessage()
  echo(_client: Client, text: string) {
    return text;
  }
}

describe('of its durable rooms an operator', () => {
  let store: MoodyStore;
  let room: TestRoom<LedgerRoom>;

  beforeEach(() => {
    store = new MoodyStore();
  });

  async function open(...imports: object[]): Promise<void> {
    room = await createTestRoom(LedgerRoom, {
      store,
      roomId: 'one',
      imports: [JamsocketPrometheusModule.forRoot({ path: false, defaultMetrics: false }), ...(imports as [])],
      providers: [CounterRoom, FleetingRoom],
      logger: false,
    });
  }

  const page = async () =>
    new PrometheusPage(await room.module.get(PrometheusMetrics, { strict: false }).registry.metrics());
  /** Values of the ledger's series, or of those without a service. */
  async function read(...names: string[]): Promise<(number | undefined)[]> {
    const shown = await page();
    return names.map((name) => shown.value(`jamsocket_${name}{service="ledger"}`) ?? shown.value(`jamsocket_${name}`));
  }

  describe('sees in the metrics', () => {
    it('what is saved, in how many commits', async () => {
      await open();
      const ann = await room.connect();
      const other = await room.openRoom(CounterRoom, 'two');
      const bob = await other.connect();
      await room.advance(1_000);
      const [saves, bytes, commits] = await read('room_saves_total', 'room_saves_bytes_total', 'store_commits_total');
      ann.send('5');
      await ann.until('total 5');
      const [savesThen, bytesThen, commitsThen] = await read(
        'room_saves_total',
        'room_saves_bytes_total',
        'store_commits_total',
      );
      expect([savesThen! - saves!, commitsThen! - commits!]).toEqual([1, 1]);
      // Only the state has changed: only it and the time are written.
      const { record } = await store.claim({ service: 'ledger', key: 'one' }, 'reader');
      expect(bytesThen! - bytes!).toBe(record!.parts.state.byteLength + record!.parts.at.byteLength);
      // A room without a gate is saved once for all changes of a second.
      for (let count = 0; count < 5; count++) bob.send('more');
      await room.advance(1_000);
      const shown = await page();
      expect(shown.value('jamsocket_room_saves_total{service="counter"}')).toBe(2);
      expect(shown.series('jamsocket_gate_wait_seconds_count')).toEqual({
        'jamsocket_gate_wait_seconds_count{service="ledger"}': expect.any(Number),
      });
      expect(shown.value('jamsocket_store_commit_duration_seconds_count')).toBe(
        shown.value('jamsocket_store_commits_total'),
      );
      await room.close();
    });

    it('how long the store has messages wait, and what waits', async () => {
      await open();
      const ann = await room.connect();
      ann.send('5');
      await ann.until('total 5');
      const names = ['gate_wait_seconds_count', 'gate_wait_seconds_sum', 'gated_rooms', 'gated_bytes'];
      const [passes, waited, ...before] = await read(...names);
      expect(before).toEqual([0, 0]);
      store.mood = 'failing';
      ann.send('6');
      await room.advance(500);
      ann.send('7');
      await room.advance(500);
      const waiting = await room.module.get(PrometheusMetrics, { strict: false }).registry.metrics();
      expect(new PrometheusPage(waiting).value('jamsocket_gated_rooms{service="ledger"}')).toBe(1);
      expect((await read('gated_bytes'))[0]).toBe('total 11'.length + 2 + 'total 18'.length + 2);
      store.mood = 'good';
      // Tried again 50, 150, 350, 750 and 1,550 ms after the first failure.
      await room.advance(1_000);
      expect(ann.unread()).toEqual(['total 11', 'total 18']);
      const [passesThen, waitedThen, ...after] = await read(...names);
      // The first message has waited 1,550 ms. The second was saved by the next commit, and waited 1,550 ms at most.
      expect(passesThen! - passes!).toBe(2);
      expect(waitedThen! - waited!).toBeGreaterThanOrEqual(1.55 + 1.05 - 0.001);
      expect(waitedThen! - waited!).toBeLessThanOrEqual(2 * 1.55 + 0.001);
      expect(after).toEqual([0, 0]);
      expect((await page()).series('jamsocket_store_errors_total')).toEqual({
        'jamsocket_store_errors_total{operation="commit"}': 5,
      });
      await room.close();
    });

    it('why rooms were restored, and which have lost their place to another process', async () => {
      await open();
      const ann = await room.connect();
      ann.send('5');
      await ann.until('total 5');
      expect((await page()).series('jamsocket_rooms_restored_total')).toEqual({});
      await room.crash();
      expect((await page()).series('jamsocket_rooms_restored_total')).toEqual({
        'jamsocket_rooms_restored_total{reason="crash",service="ledger"}': 1,
      });
      await room.restart();
      expect((await page()).series('jamsocket_rooms_restored_total')).toEqual({
        'jamsocket_rooms_restored_total{reason="restart",service="ledger"}': 1,
      });
      const bob = await room.connect();
      await store.claim({ service: 'ledger', key: 'one' }, 'another process');
      bob.send('1');
      expect((await bob.closed).code).toBe(1012);
      expect((await page()).series('jamsocket_rooms_fenced_total')).toEqual({
        'jamsocket_rooms_fenced_total{service="ledger"}': 1,
      });
      await room.close();
    });

    it('nothing of rooms that are not durable', async () => {
      room = (await createTestRoom(FleetingRoom, {
        imports: [JamsocketPrometheusModule.forRoot({ path: false, defaultMetrics: false })],
      })) as TestRoom<object> as TestRoom<LedgerRoom>;
      const ann = await room.connect();
      ann.send('hello');
      await ann.until('hello');
      const shown = await page();
      const durable = ['room_saves_total', 'gate_wait_seconds_count', 'rooms_restored_total', 'store_errors_total'];
      for (const name of durable) expect([name, shown.series(`jamsocket_${name}`)]).toEqual([name, {}]);
      expect(shown.value('jamsocket_store_commits_total')).toBe(0);
      await room.close();
    });

    it('of OpenTelemetry the same', async () => {
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
      const meterProvider = new MeterProvider({ readers: [reader] });
      await open(JamsocketOpenTelemetryModule.forRoot({ spans: false, meterProvider }));
      const ann = await room.connect();
      store.mood = 'failing';
      ann.send('5');
      await room.settle();
      await reader.forceFlush();
      const found = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics: all }) => all));
      const of = (name: string) => found.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
      expect(of('jamsocket.store.errors').map(({ value, attributes }) => [value, attributes])).toEqual([
        [1, { 'jamsocket.store.operation': 'commit' }],
      ]);
      expect(
        of('jamsocket.room.gated').map(({ value, attributes }) => [attributes['jamsocket.service'], value]),
      ).toEqual(
        expect.arrayContaining([
          ['ledger', 1],
          ['counter', 0],
          ['fleeting', 0],
        ]),
      );
      expect(of('jamsocket.store.commit.duration').length).toBe(1);
      store.mood = 'good';
      await room.advance(1_000);
      await room.close();
      await meterProvider.shutdown();
      metrics.disable();
    });
  });

  describe('is told by the health check', () => {
    const health = async () => (await room.module.get(JamsocketHealth).isHealthy()).jamsocket;
    const up = { status: 'up', rooms: 1, clients: 1, store: 'up' };

    it('that the store fails, with its words, and that it works again', async () => {
      await open();
      const ann = await room.connect();
      expect(await health()).toEqual(up);
      store.mood = 'failing';
      ann.send('5');
      await room.advance(3_000);
      expect(await health()).toEqual({
        ...up,
        status: 'down',
        store: 'down',
        message: 'The store has taken nothing for 3 s: the disk is full',
      });
      store.mood = 'good';
      await room.advance(2_000);
      expect([await ann.next(), await health()]).toEqual(['total 5', up]);
      await room.close();
    });

    it('that the store does not answer, before anybody is sent away', async () => {
      await open();
      const ann = await room.connect();
      store.mood = 'hanging';
      ann.send('5');
      await room.advance(4_999);
      expect(await health()).toEqual(up);
      await room.advance(1);
      expect(await health()).toMatchObject({ status: 'down', message: 'The store has not answered a commit for 5 s.' });
      expect(ann.isClosed).toBe(false);
      await room.advance(5_000);
      expect((await ann.closed).code).toBe(1013);
      expect(await health()).toMatchObject({
        status: 'down',
        message: 'The store has taken nothing for 10 s: The store has not answered in 10000 ms.',
      });
      store.mood = 'good';
      await room.advance(12_000);
      expect(await health()).toMatchObject({ status: 'up', store: 'up' });
      await room.close();
    });

    it('that rooms cannot be opened, until the store has not been asked for a while', async () => {
      await open();
      store.mood = 'failing';
      const code = await room.rooms.create(LedgerRoom, 'two').catch((error: { code: string }) => error.code);
      expect(code).toBe('store_unavailable');
      expect(await health()).toMatchObject({ status: 'down', message: 'The store does not answer: the disk is full' });
      // The load balancer sends no more clients. That must not keep the process out of service forever.
      await room.advance(9_999);
      expect((await health()).status).toBe('down');
      await room.advance(1);
      expect(await health()).toMatchObject({ status: 'up', store: 'up' });
      await room.rooms.create(LedgerRoom, 'two').catch(() => undefined);
      expect((await health()).status).toBe('down');
      store.mood = 'good';
      await room.rooms.create(LedgerRoom, 'two');
      expect(await health()).toMatchObject({ status: 'up', store: 'up' });
      await room.close();
    });
  });

  describe('is told in the log at boot', () => {
    const lines: string[] = [];
    const logger: LoggerService = {
      log: (line: string) => void lines.push(`log ${line}`),
      warn: (line: string) => void lines.push(`warn ${line}`),
      error: (line: string) => void lines.push(`error ${line}`),
    };
    const linesOf = async (from: RoomStore, afterMs = 0) => {
      lines.length = 0;
      const booted = await createTestRoom(LedgerRoom, { store: from, logger });
      await booted.advance(afterMs);
      await booted.close();
      return lines.filter((line) => line.includes('ept in') || line.includes('store'));
    };
    const described = (describeStore: () => Promise<string>) =>
      Object.assign(new MoodyStore(), { describe: describeStore });

    it('how durable the store is, as a warning if it may lose what was acknowledged', async () => {
      const path = mkdtempSync(join(tmpdir(), 'jamsocket-boot-'));
      try {
        expect(await linesOf(new LmdbStore({ path }))).toEqual([
          `log Durable rooms are kept in LMDB at ${path}: each commit is flushed to disk (fdatasync)`,
        ]);
      } finally {
        rmSync(path, { recursive: true });
      }
      expect(await linesOf(described(async () => 'Redis: WARNING: no append-only file'))).toEqual([
        'warn Durable rooms are kept in Redis: WARNING: no append-only file',
      ]);
    });

    it('that the store cannot say it, or says nothing', async () => {
      const fails = () => Promise.reject(new Error('connection refused'));
      expect(await linesOf(described(fails))).toEqual([
        'error The store of the rooms does not answer: connection refused',
      ]);
      const hangs = () => new Promise<string>(() => undefined);
      expect(await linesOf(described(hangs), 5_000)).toEqual([
        'error The store of the rooms does not answer: The store has not answered in 5000 ms.',
      ]);
    });
  });
});
