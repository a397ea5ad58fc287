import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { JamsocketCluster, JamsocketRooms } from 'nestjs-jamsocket';
import request from 'supertest';
import { ChatRoom } from '../src/rooms/chat.room.js';
import { EchoRoom } from '../src/rooms/echo.room.js';
import { startDemo } from './support/demo-app.js';
import { Gate } from './support/gate.js';
import { PrometheusPage } from './support/prometheus-page.js';
import type { TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

describe('whoever runs the demo', () => {
  let demo: TestApp;
  let isClosed: boolean;
  beforeEach(async () => {
    demo = await startDemo();
    isClosed = false;
  });
  afterEach(async () => {
    if (!isClosed) await demo.close();
  });

  it('sees its metrics at /metrics, those of every room service and of the process', async () => {
    const client = await TestClient.connect(`${demo.ws}/ws/echo/lobby`);
    client.send('hello');
    await client.until('hello');
    const page = new PrometheusPage((await request(demo.http).get('/metrics').expect(200)).text);
    const services = Object.keys(page.series('jamsocket_rooms')).map((series) => /service="(.*)"/.exec(series)?.[1]);
    const all = ['board', 'clock', 'counter', 'cursors', 'default', 'echo', 'ledger', 'members', 'relay'];
    expect(new Set(services)).toEqual(new Set(all));
    expect(page.value('jamsocket_clients{service="echo"}')).toBe(1);
    expect(page.value('jamsocket_messages_received_total{kind="text",service="echo"}')).toBe(1);
    expect(page.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
    // Without a cluster, the page does not show nodes.
    expect((await request(demo.http).get('/cluster?service=echo&room=lobby').expect(200)).body).toEqual({
      isOn: false,
    });
    const owner = await demo.app.get(JamsocketCluster).ownerOf(EchoRoom, 'lobby');
    expect(owner).toEqual((await demo.app.get(JamsocketCluster).nodes())[0]);
    await client.close();
  });

  it('learns at /health that it takes clients in, and that it does not while the rooms drain', async () => {
    const client = await TestClient.connect(`${demo.ws}/ws/lobby`);
    const up = await request(demo.http).get('/health');
    expect([up.status, up.body.details.jamsocket]).toEqual([200, { status: 'up', rooms: 1, clients: 1, store: 'up' }]);

    const turn = new Gate();
    Object.assign(ChatRoom.prototype, { wait: () => turn.opened });
    const held = demo.app.get(JamsocketRooms).invoke(ChatRoom, 'lobby', 'wait' as never);
    const closing = demo.close();
    isClosed = true;
    await client.closed;
    const down = await request(demo.http).get('/health');
    expect([down.status, down.body.details.jamsocket.status]).toEqual([503, 'down']);
    turn.open();
    await Promise.all([held, closing]);
  });
});
