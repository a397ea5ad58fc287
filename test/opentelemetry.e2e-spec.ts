import { Logger } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { JamsocketOpenTelemetryModule, type JamsocketOpenTelemetryOptions } from 'nestjs-jamsocket/opentelemetry';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const HEADERS = { traceparent: `00-${TRACE}-${PARENT}-01` };

const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 2));

@JamsocketService('traced')
class TracedRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  /** Synchronous: nothing in it may wait for a microtask. */
  @OnMessage()
  message(client: Client, text: string) {
    if (text === 'wrong') throw new WsException('your mistake');
    if (text === 'timer') return this.ctx.setTimer(1);
    spanOfHandler('sync child');
    client.sendMessage('done');
  }

  @OnMessage('work')
  async work(_client: Client, name: string) {
    await tick();
    spanOfHandler(`child of ${name}`);
    await tick();
    if (name === 'bug') throw new RangeError('our mistake');
    return name;
  }

  @OnBinary()
  binary() {}

  @OnTimer()
  timer() {
    spanOfHandler('child of timer');
  }

  async invoked() {
    await tick();
    spanOfHandler('child of invoked');
  }
}

function spanOfHandler(name: string): void {
  trace.getTracer('application').startSpan(name).end();
}

const exporter = new InMemorySpanExporter();
/** New for each test: a meter adds up for as long as it lives. */
let meters: { exporter: InMemoryMetricExporter; reader: PeriodicExportingMetricReader; provider: MeterProvider };

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
});

afterAll(() => {
  for (const api of [context, propagation, trace]) api.disable();
  jest.restoreAllMocks();
});

describe.each([true, false])('OpenTelemetry, with coalesce %s', (coalesce) => {
  let started: TestApp;

  beforeEach(() => {
    const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
    meters = { exporter: metricExporter, reader, provider: new MeterProvider({ readers: [reader] }) };
    metrics.setGlobalMeterProvider(meters.provider);
  });

  afterEach(async () => {
    await started.close();
    exporter.reset();
    metrics.disable();
    await meters.provider.shutdown();
  });

  async function start(telemetry: JamsocketOpenTelemetryOptions = {}): Promise<TestApp> {
    const imports = [JamsocketOpenTelemetryModule.forRoot(telemetry)];
    return (started = await startTestApp({ options: { coalesce }, imports, providers: [TracedRoom] }));
  }

  async function connect(headers: Record<string, string> = HEADERS): Promise<TestClient> {
    const client = await TestClient.connect(`${started.ws}/ws/traced/lobby`, { headers });
    await client.until('welcome');
    return client;
  }

  it('has a span for each handler, in the trace of the upgrade', async () => {
    await start();
    const client = await connect();
    client.send('hällo');
    await client.until('done');
    const connected = await span('TracedRoom.connect');
    expect(connected).toMatchObject({ kind: SpanKind.SERVER, status: { code: SpanStatusCode.UNSET } });
    expect([connected.spanContext().traceId, connected.parentSpanContext?.spanId]).toEqual([TRACE, PARENT]);
    const message = await span('TracedRoom.message');
    expect(message.kind).toBe(SpanKind.CONSUMER);
    expect([message.spanContext().traceId, message.parentSpanContext?.spanId]).toEqual([TRACE, PARENT]);
    expect(message.instrumentationScope.name).toBe('nestjs-jamsocket');
    expect(message.attributes).toEqual({
      'code.function.name': 'TracedRoom.message',
      'jamsocket.service': 'traced',
      'jamsocket.room': 'lobby',
      'jamsocket.client': 1,
      'messaging.system': 'jamsocket',
      'messaging.operation.name': 'TracedRoom.message',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'lobby',
      'messaging.message.body.size': 6,
    });
    expect((await span('sync child')).parentSpanContext?.spanId).toBe(message.spanContext().spanId);
  });

  it('makes what an asynchronous handler does a child of its span, whatever else goes on', async () => {
    await start();
    const [a, b] = [await connect(), await TestClient.connect(`${started.ws}/ws/traced/other`)];
    a.emit('work', 'a');
    b.emit('work', 'b');
    await Promise.all([a.until('{"event":"work","data":"a"}'), b.until('{"event":"work","data":"b"}')]);
    const works = exporter.getFinishedSpans().filter(({ name }) => name === 'TracedRoom.work');
    expect(works).toHaveLength(2);
    for (const [room, name] of [
      ['lobby', 'a'],
      ['other', 'b'],
    ]) {
      const work = works.find(({ attributes }) => attributes['jamsocket.room'] === room)!;
      const child = await span(`child of ${name}`);
      expect(child.parentSpanContext?.spanId).toBe(work.spanContext().spanId);
      expect(child.spanContext().traceId).toBe(work.spanContext().traceId);
    }
    // The trace of b is unknown.
    const other = works.find(({ attributes }) => attributes['jamsocket.room'] === 'other')!;
    expect(other.parentSpanContext).toBeUndefined();
    await b.close();
  });

  it('records errors; a mistake of the client is no failure of the span', async () => {
    await start();
    const client = await connect();
    client.emit('work', 'bug');
    await client.until((message) => message.includes('Internal server error'));
    client.send('wrong');
    await client.until((message) => message.includes('your mistake'));
    const work = await span('TracedRoom.work');
    expect(work.status).toEqual({ code: SpanStatusCode.ERROR, message: 'our mistake' });
    expect(work.attributes['error.type']).toBe('RangeError');
    expect(work.events[0]).toMatchObject({
      name: 'exception',
      attributes: { 'exception.message': 'our mistake', 'exception.type': 'RangeError' },
    });
    const message = await span('TracedRoom.message');
    expect(message.status.code).toBe(SpanStatusCode.UNSET);
    expect(message.events[0].attributes).toMatchObject({ 'exception.message': 'your mistake' });
  });

  it('begins a trace for a timer, and goes on with the one of a call from outside', async () => {
    await start();
    const client = await connect();
    client.send('timer');
    const timer = await span('TracedRoom.timer');
    expect(timer).toMatchObject({ kind: SpanKind.INTERNAL, parentSpanContext: undefined });
    expect(timer.spanContext().traceId).not.toBe(TRACE);
    expect((await span('child of timer')).parentSpanContext?.spanId).toBe(timer.spanContext().spanId);

    const rooms = started.app.get(JamsocketRooms);
    await trace.getTracer('application').startActiveSpan('caller', async (caller) => {
      await rooms.invoke(TracedRoom, 'lobby', 'invoked');
      caller.end();
    });
    const [caller, invoked] = [await span('caller'), await span('TracedRoom.invoked')];
    expect(invoked.parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
    expect((await span('child of invoked')).parentSpanContext?.spanId).toBe(invoked.spanContext().spanId);
  });

  it('can link to the trace of the upgrade instead, or ignore it', async () => {
    await start({ upgradeContext: 'link' });
    await connect();
    const linked = await span('TracedRoom.connect');
    expect(linked.parentSpanContext).toBeUndefined();
    expect(linked.links.map((link) => link.context)).toMatchObject([{ traceId: TRACE, spanId: PARENT }]);
    await started.close();
    exporter.reset();

    await start({ upgradeContext: 'ignored' });
    await connect();
    expect(await span('TracedRoom.connect')).toMatchObject({ parentSpanContext: undefined, links: [] });
  });

  it('has the metrics, with units and the types that add up over processes', async () => {
    await start({ spans: false });
    const client = await connect();
    client.send('hällo');
    await client.until('done');
    client.emit('work', 'bug');
    await client.until((message) => message.includes('Internal server error'));
    await TestClient.refused(`${started.ws}/ws/no/such`);
    const found = await collect();
    const ofService = { 'jamsocket.service': 'traced' };
    const ofText = { ...ofService, 'jamsocket.message.kind': 'text' };
    expect(found.get('jamsocket.rooms')).toMatchObject({
      descriptor: { unit: '{room}', type: 'OBSERVABLE_UP_DOWN_COUNTER' },
      isMonotonic: false,
      dataPoints: [{ value: 1, attributes: ofService }],
    });
    expect(found.get('jamsocket.clients')).toMatchObject({ dataPoints: [{ value: 1, attributes: ofService }] });
    expect(found.get('jamsocket.client.buffered')).toMatchObject({ descriptor: { unit: 'By' } });
    expect(pointsOf(found, 'jamsocket.messages.received')).toContainEqual([2, ofText]);
    expect(pointsOf(found, 'jamsocket.received.io')).toContainEqual([
      6 + '{"event":"work","data":"bug"}'.length,
      ofText,
    ]);
    expect(pointsOf(found, 'jamsocket.messages.sent')).toContainEqual([3, ofText]);
    expect(found.get('jamsocket.messages.sent')).toMatchObject({
      descriptor: { unit: '{message}' },
      isMonotonic: true,
    });
    expect(pointsOf(found, 'jamsocket.connection.refused')).toEqual([[1, { 'jamsocket.code': 'no_such_service' }]]);
    expect(pointsOf(found, 'jamsocket.handler.errors')).toEqual([
      [1, { ...ofService, 'code.function.name': 'TracedRoom.work', 'jamsocket.fault': 'server' }],
    ]);
    expect(found.get('jamsocket.handler.duration')).toMatchObject({ descriptor: { unit: 's', type: 'HISTOGRAM' } });
    expect(exporter.getFinishedSpans().filter(({ name }) => name.startsWith('TracedRoom'))).toEqual([]);
  });

  it('observes nothing once the application has closed', async () => {
    await start();
    await started.close();
    expect((await collect()).get('jamsocket.rooms')?.dataPoints ?? []).toEqual([]);
  });
});

async function span(name: string): Promise<ReadableSpan> {
  const deadline = Date.now() + 3_000;
  for (;;) {
    const found = exporter.getFinishedSpans().find((one) => one.name === name);
    if (found !== undefined) return found;
    if (Date.now() > deadline)
      throw new Error(
        `no span "${name}": ${exporter
          .getFinishedSpans()
          .map((one) => one.name)
          .join(', ')}`,
      );
    await tick();
  }
}

interface Collected {
  readonly descriptor: { readonly name: string; readonly unit: string; readonly type: string };
  readonly dataPoints: readonly { readonly value: any; readonly attributes: object }[];
}

async function collect(): Promise<Map<string, Collected>> {
  await meters.reader.forceFlush();
  const scopes = meters.exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  const ours = scopes.filter(({ scope }) => scope.name === 'nestjs-jamsocket');
  return new Map(
    ours.flatMap((scope) => scope.metrics as unknown as Collected[]).map((metric) => [metric.descriptor.name, metric]),
  );
}

function pointsOf(found: Map<string, Collected>, name: string): [number, object][] {
  return (found.get(name)?.dataPoints ?? []).map(({ value, attributes }) => [value, attributes]);
}
