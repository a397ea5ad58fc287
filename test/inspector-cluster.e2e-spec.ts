import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JamsocketRooms, JamsocketService, MemoryStore, OnConnect, Presence, type Client } from 'nestjs-jamsocket';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import request from 'supertest';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import type { Overview, RoomChanges, RoomDetail } from '../libs/jamsocket/src/inspector/inspector-events.js';
import { ProcessStore } from '../libs/jamsocket/src/testing/host/process-store.js';
import { InspectorStream } from './support/inspector-stream.js';
import { LedgerRoom } from './support/ledger.room.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

@JamsocketService('board')
@Presence()
class BoardRoom {
  @OnConnect()
  connect(client: Client) {
    client.setAuth({ user: client.request.query.get('user') ?? undefined });
    client.sendMessage('welcome');
  }
}

async function enter({ ws }: TestApp, room: string, user: string) {
  const client = await TestClient.connect(`${ws}/ws/board/${room}?user=${user}`);
  await client.until('welcome');
  return client;
}

describe('the inspector of one process of a cluster', () => {
  const hub = new InProcessHub(new SystemClock());
  const [first, second] = [hub.node('first'), hub.node('second')];
  const store = new MemoryStore();
  const URL_OF_TWO = 'http://10.0.0.2:3000/inspector';
  let one: TestApp;
  let two: TestApp;
  const streams: InspectorStream[] = [];

  beforeAll(async () => {
    const boot = (cluster: typeof first, url?: string) =>
      startTestApp({
        options: { cluster, store: new ProcessStore(store) },
        imports: [JamsocketInspectorModule.forRoot({ state: true, intervalMs: 50, url })],
        providers: [BoardRoom, LedgerRoom],
      });
    one = await boot(first);
    two = await boot(second, URL_OF_TWO);
  });
  afterAll(async () => {
    for (const stream of streams) await stream.close();
    await one.close();
    await two.close();
  });

  async function open({ http }: TestApp, room?: string) {
    const stream = await InspectorStream.open(`${http}/inspector`, room);
    streams.push(stream);
    return stream;
  }

  it('lists all processes, and the rooms of the others beside its own', async () => {
    const ann = await enter(one, 'here', 'ann');
    const bob = await enter(two, 'there', 'bob');
    const stream = await open(one, 'board/there');
    const rows = new Map<string, { node?: string; clients: number }>();
    while (rows.size < 2) for (const row of (await stream.next<RoomChanges>('rooms')).rooms) rows.set(row.room, row);
    expect(rows.get('here')).not.toHaveProperty('node');
    expect(rows.get('there')).toMatchObject({ node: expect.stringMatching(/:\d+$/), clients: 1 });
    const { cluster, connections, services } = await stream.next<Overview>('overview');
    expect(cluster!.nodes.map(({ isThis, isSilent, url }) => [isThis, isSilent, url])).toEqual(
      expect.arrayContaining([
        [true, false, undefined],
        [false, false, URL_OF_TWO],
      ]),
    );
    expect(connections).toBe(1);
    expect(services).toMatchObject([{ name: 'board', rooms: 2, clients: 2 }, { name: 'ledger' }]);
    const detail = await stream.next<RoomDetail>('room', ({ elsewhere }) => elsewhere !== undefined);
    expect(detail).toMatchObject({ isGone: true, elsewhere: { url: URL_OF_TWO } });
    await bob.close();
    await stream.next<RoomChanges>('rooms', ({ gone }) => gone.includes('board/there'));
    await ann.close();
  });

  it('shows who is in the presence of a room, with values where state is shown', async () => {
    const ann = await enter(one, 'people', 'ann');
    ann.send(JSON.stringify({ event: '$presence', data: { x: 1 } }));
    const tab = await enter(two, 'people', 'ann');
    const stream = await open(one, 'board/people');
    const { people } = await stream.next<RoomDetail>('room', (detail) => detail.people?.[0]?.clients.length === 2);
    expect(people).toEqual([{ user: 'ann', clients: [1, 2], isAway: false, value: { x: 1 } }]);
    await tab.close();
    await ann.close();
  });

  it('moves a room to another process: clients elsewhere stay connected, those here resume', async () => {
    const ann = await ResumingClient.connect(`${one.ws}/ws/ledger/moved`);
    const bob = await TestClient.connect(`${two.ws}/ws/ledger/moved`);
    ann.send('5');
    await ann.until('total 5');
    await bob.until('total 5');
    const stream = await open(one);
    const { cluster } = await stream.next<Overview>('overview', (overview) => overview.cluster!.nodes.length === 2);
    const { id } = cluster!.nodes.find(({ isThis }) => !isThis)!;
    const move = (room: string, body: object) =>
      request(one.http).post(`/inspector/rooms/${room}/move`).set('x-jamsocket-inspector', '1').send(body);
    await move('ledger/moved', { to: 'nobody' }).expect(404);
    await move('ledger/moved', {}).expect(400);
    await move('ledger/other', { to: id }).expect(404);
    await move('ledger/moved', { to: id }).expect(204);
    expect((await ann.connection.closed).code).toBe(1012);
    await ann.resume();
    expect(ann.welcome).toMatchObject({ resumed: true });
    ann.confirm();
    ann.send('2');
    await bob.until('total 7');
    expect(two.app.get(JamsocketRooms).localRooms(LedgerRoom)).toHaveLength(1);
    expect(one.app.get(JamsocketRooms).localRooms(LedgerRoom)).toHaveLength(0);
    const plain = await enter(one, 'plain', 'ann');
    await move('board/plain', { to: id }).expect(409);
    expect(one.app.get(JamsocketRooms).localRooms(BoardRoom)).toHaveLength(1);
    for (const client of [bob, plain, ann.connection]) await client.close();
  });

  it('names a process that does not answer, and says when none does', async () => {
    const client = await enter(two, 'silent', 'cat');
    const stream = await open(one);
    await stream.next<RoomChanges>('rooms', ({ rooms }) => rooms.some(({ room }) => room === 'silent'));
    second.isMute = true;
    const silent = ({ cluster }: Overview) => cluster!.nodes.some(({ isSilent }) => isSilent);
    await stream.next<Overview>('overview', silent);
    second.isMute = false;
    await stream.next<Overview>('overview', (overview) => !silent(overview));
    await client.close();
  });
});
