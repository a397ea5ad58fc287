import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { JamsocketRooms, JamsocketService, MemoryStore, OnConnect, type Client } from 'nestjs-jamsocket';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import request from 'supertest';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { ClusterNode } from '../libs/jamsocket/src/cluster/cluster-node.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import type {
  Overview,
  RoomChanges,
  RoomDetail,
  RoomRow,
  Traffic,
} from '../libs/jamsocket/src/inspector/inspector-events.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { InspectorStream } from './support/inspector-stream.js';
import { Ledger } from './support/ledger.room.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

@JamsocketService({ path: 'ledger', durable: { save: 'turn' } })
class LedgerRoom extends Ledger {
  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }
}

const hub = new InProcessHub(new SystemClock());
const store = new MemoryStore();
let one: TestApp;
let two: TestApp;
const streams: InspectorStream[] = [];

/** Two processes that share a port, as workers of one machine do. */
beforeAll(async () => {
  const boot = (name: string) =>
    startTestApp({
      options: { cluster: Object.assign(hub.node(name), { sharesPort: true }), store: new ProcessStore(store) },
      imports: [JamsocketInspectorModule.forRoot({ state: true, intervalMs: 50 })],
      providers: [LedgerRoom],
    });
  one = await boot('one');
  two = await boot('two');
  for (const { app } of [one, two])
    while ([...app.get(ClusterNode).others].length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
});
afterAll(async () => {
  for (const stream of streams) await stream.close();
  await one.close();
  await two.close();
});

async function open(room?: string): Promise<InspectorStream> {
  const stream = await InspectorStream.open(`${one.http}/inspector`, room);
  streams.push(stream);
  return stream;
}

async function enter({ ws }: TestApp, room: string): Promise<TestClient> {
  const client = await TestClient.connect(`${ws}/ws/ledger/${room}`);
  await client.until('welcome');
  return client;
}

const act = (path: string, body: object) =>
  request(one.http).post(`/inspector/rooms/ledger/${path}`).set('x-jamsocket-inspector', '1').send(body);

it('shows the rooms of all workers with everything that is known of them, whichever has the page', async () => {
  const here = await enter(one, 'here');
  const there = await enter(two, 'there');
  const stream = await open();
  const rows = new Map<string, RoomRow>();
  while (!rows.get('there')?.isSibling || !rows.has('here'))
    for (const row of (await stream.next<RoomChanges>('rooms')).rooms) rows.set(row.room, row);
  expect(rows.get('there')).toMatchObject({ clients: 1, node: expect.stringMatching(/:\d+$/), isSibling: true });
  expect(rows.get('there')!.startedAt).toBeGreaterThan(0);
  expect(rows.get('here')).not.toHaveProperty('node');
  await stream.next<Overview>('overview', ({ connections, services: [ledger] }) => {
    return connections === 2 && ledger.rooms === 2 && ledger.clients === 2;
  });
  await there.close();
  await stream.next<RoomChanges>('rooms', ({ gone }) => gone.includes('ledger/there'));
  await here.close();
});

it('watches a room of another worker: its clients, its state, what is said in it', async () => {
  const ann = await enter(two, 'watched');
  const stream = await open('ledger/watched');
  const detail = await stream.next<RoomDetail>('room', ({ isGone }) => !isGone);
  expect(detail).toMatchObject({ key: 'ledger/watched', clientCount: 1, clients: [{ id: 1 }] });
  ann.send('5');
  const { entries } = await stream.next<Traffic>('traffic', (traffic) =>
    traffic.entries.some(({ dir }) => dir === 'in'),
  );
  expect(entries.find(({ dir }) => dir === 'in')).toMatchObject({ client: '1', preview: '5' });
  await stream.next<RoomDetail>('room', ({ state }) => JSON.stringify(state ?? null).includes('5'));
  await ann.close();
  await stream.next<RoomDetail>('room', ({ isGone }) => isGone);
});

it('watches all rooms of a service: the rates and the traffic of all workers', async () => {
  const here = await enter(one, 'in-one');
  const there = await enter(two, 'in-two');
  const stream = await open('ledger/');
  const missing = new Set(['in-one', 'in-two']);
  let isSeen = false;
  const seen = stream
    .next<Traffic>('traffic', ({ entries }) => {
      for (const { room, dir } of entries) if (dir === 'in') missing.delete(room!);
      return missing.size === 0;
    })
    .then(() =>
      stream.next<RoomChanges>('rooms', ({ rooms }) =>
        rooms.some(({ room, in: rate }) => room === 'in-two' && rate > 0),
      ),
    )
    .finally(() => (isSeen = true));
  while (!isSeen)
    for (const client of [here, there]) {
      client.send('0');
      await client.until('total 0');
    }
  await seen;
  const times = stream.all<Traffic>('traffic').map(({ entries }) => entries.map(({ at }) => at));
  for (const each of times) expect(each).toEqual([...each].sort((a, b) => a - b));
  await here.close();
  await there.close();
});

it('closes, moves and kicks in rooms of other workers, with the same refusals', async () => {
  const ann = await enter(two, 'acted');
  const bob = await enter(two, 'acted');
  await act('acted/clients/7/kick', {}).expect(404);
  await act('acted/clients/1/kick', { code: 12 }).expect(400);
  await act('acted/clients/1/kick', {}).expect(204);
  expect(await ann.closed).toEqual({ code: 4000, reason: 'kicked by an operator' });
  await act('acted/move', { to: 'nobody' }).expect(404);
  await act('acted/move', { to: one.app.get(ClusterNode).incarnation! }).expect(204);
  expect((await bob.closed).code).toBe(1012);
  expect(two.app.get(JamsocketRooms).localRooms(LedgerRoom)).toHaveLength(0);
  const cat = await enter(two, 'closed');
  await act('closed/close', { reason: 'enough' }).expect(204);
  expect(await cat.closed).toEqual({ code: 1000, reason: 'enough' });
  await act('nowhere/close', {}).expect(404);
});
