import { Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createNoopMeter, type MeterProvider } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from '@jest/globals';
import * as jamsocket from 'nestjs-jamsocket';
import * as inspector from 'nestjs-jamsocket/inspector';
import * as opentelemetry from 'nestjs-jamsocket/opentelemetry';
import * as prometheus from 'nestjs-jamsocket/prometheus';
import request from 'supertest';

const { JamsocketModule } = jamsocket;
const { JamsocketOpenTelemetryModule } = opentelemetry;
const { JamsocketPrometheusModule } = prometheus;

/** As of `@nestjs/config`: known only when the application boots. */
@Injectable()
class Settings {
  readonly metricsPath = '/from/settings';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function serve(imports: NonNullable<ModuleMetadata['imports']>) {
  const testing = await Test.createTestingModule({ imports: [JamsocketModule.forRoot(), ...imports] }).compile();
  const app = testing.createNestApplication({ logger: false });
  close = () => app.close();
  await app.init();
  return request(app.getHttpServer());
}

describe('forRootAsync', () => {
  const all: [string, unknown][] = [jamsocket, inspector, opentelemetry, prometheus].flatMap((entry) =>
    Object.entries(entry).filter(([name]) => name.endsWith('Module')),
  );
  it.each(all)('is there beside forRoot in %s', (_name, module) => {
    expect(module).toHaveProperty('forRoot', expect.any(Function));
    expect(module).toHaveProperty('forRootAsync', expect.any(Function));
  });

  it('takes the path and the guards of /metrics from a factory', async () => {
    const useFactory = ({ metricsPath }: Settings) => ({
      path: metricsPath,
      guards: [{ canActivate: () => isLetIn }],
    });
    const imports = [SettingsModule];
    const server = await serve([JamsocketPrometheusModule.forRootAsync({ imports, inject: [Settings], useFactory })]);
    let isLetIn = true;
    const page = await server.get('/from/settings').expect(200);
    expect(page.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(page.text).toContain('jamsocket_rooms_started_total');
    await server.get('/metrics').expect(404);
    isLetIn = false;
    await server.get('/from/settings').expect(403);
  });

  it('can leave the page of the metrics out, and adds no route at the root', async () => {
    const server = await serve([JamsocketPrometheusModule.forRootAsync({ useFactory: () => ({ path: false }) })]);
    await server.get('/metrics').expect(404);
    await server.get('/').expect(404);
  });

  it('takes the providers of OpenTelemetry from a factory', async () => {
    const asked: string[] = [];
    const getMeter: MeterProvider['getMeter'] = (name) => {
      asked.push(name);
      return createNoopMeter();
    };
    const useFactory = () => Promise.resolve({ meterProvider: { getMeter } });
    await serve([JamsocketOpenTelemetryModule.forRootAsync({ useFactory })]);
    expect(asked).toEqual(['nestjs-jamsocket']);
  });
});
