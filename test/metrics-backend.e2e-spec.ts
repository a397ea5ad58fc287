import { afterEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketMetrics,
  JamsocketObservers,
  JamsocketStatistics,
  MetricsObserver,
  type CounterName,
  type GaugeReading,
} from 'nestjs-jamsocket';
import { Gate } from './support/gate.js';
import { MeasuredRoom, slowGate } from './support/measured.room.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

/** Records how it is used. */
class RecordingMetrics extends JamsocketMetrics {
  readonly added: CounterName[] = [];
  readonly totals = new Map<CounterName, () => readonly GaugeReading[]>();

  counter(name: CounterName) {
    return { add: () => void this.added.push(name) };
  }

  histogram() {
    return { record: () => undefined };
  }

  total(name: CounterName, read: () => readonly GaugeReading[]): void {
    this.totals.set(name, read);
  }

  gauge(): void {}
}

describe('a backend for metrics', () => {
  let started: TestApp | undefined;

  afterEach(async () => {
    await started?.close();
    started = undefined;
  });

  it('is not called when rooms start and clients come and go: it reads how many', async () => {
    slowGate.current = new Gate();
    const { app, ws } = (started = await startTestApp({ providers: [MeasuredRoom] }));
    const metrics = new RecordingMetrics();
    app.get(JamsocketObservers).add(new MetricsObserver(metrics, app.get(JamsocketStatistics)));
    const clients = await Promise.all(
      ['a', 'b', 'b'].map(async (room) => {
        const client = await TestClient.connect(`${ws}/ws/measured/${room}`);
        await client.until('welcome');
        return client;
      }),
    );
    const left = new Promise<void>((resolve) => app.get(JamsocketObservers).add({ clientLeft: () => resolve() }));
    await clients[0].close(4001);
    await left;
    expect(metrics.added).toEqual([]);
    const labels = { service: 'measured' };
    expect(metrics.totals.get('roomsStarted')?.()).toEqual([{ labels, value: 2 }]);
    expect(metrics.totals.get('clientsConnected')?.()).toEqual([{ labels, value: 3 }]);
    expect(metrics.totals.get('clientsDisconnected')?.()).toEqual([{ labels: { ...labels, code: '4xxx' }, value: 1 }]);
  });
});
