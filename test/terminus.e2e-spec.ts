import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { describe, expect, it } from '@jest/globals';
import { JamsocketHealth, JamsocketService, OnConnect, OnDestroy, type Client } from 'nestjs-jamsocket';
import request from 'supertest';
import { Gate } from './support/gate.js';
import { HOSTS, startTestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

describe.each(HOSTS)('@nestjs/terminus, on $platform beside $beside', (host) => {
  let gate: Gate;

  @JamsocketService()
  class SlowToStopRoom {
    @OnConnect()
    connect(client: Client) {
      client.sendMessage('welcome');
    }

    @OnDestroy()
    async destroy() {
      await gate.opened;
    }
  }

  @Controller()
  class HealthController {
    constructor(
      private readonly health: HealthCheckService,
      private readonly rooms: JamsocketHealth,
    ) {}

    @Get('health')
    @HealthCheck()
    check() {
      return this.health.check([() => this.rooms.isHealthy()]);
    }
  }

  it('is up while clients are taken in, and down from the moment the shutdown begins', async () => {
    gate = new Gate();
    const imports = [TerminusModule.forRoot({ logger: false })];
    const started = await startTestApp({ host, imports, providers: [SlowToStopRoom], controllers: [HealthController] });
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    await client.until('welcome');
    const up = await request(started.http).get('/health');
    expect([up.status, up.body.details]).toEqual([200, { jamsocket: { status: 'up', rooms: 1, clients: 1 } }]);

    const closing = started.close();
    await client.closed;
    const down = await request(started.http).get('/health');
    expect(down.status).toBe(503);
    expect(down.body.details.jamsocket).toMatchObject({
      status: 'down',
      message: 'The application is shutting down.',
    });
    gate.open();
    await closing;
  });
});
