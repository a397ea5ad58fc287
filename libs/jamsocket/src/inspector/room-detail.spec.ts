import { expect, it } from '@jest/globals';
import { ClientRequest } from '../members/client-request.js';
import { Client } from '../members/client.js';
import type { Room } from '../room/room.js';
import { RoomDetails } from './room-detail.js';

const LONG = 'z'.repeat(16_000);

function clientOf(id: number): Client {
  const url = `/ws/lobby?token=${LONG}`;
  const request = new ClientRequest({ url, rawHeaders: [] } as never, '127.0.0.1');
  const client = new Client(request, { key: 'lobby', roomId: 'lobby', params: {} });
  client.id = id;
  for (let n = 0; n < 30; n++) client.tag(`${n} ${LONG}`);
  return client;
}

it('is bounded, whatever clients call themselves', () => {
  const clients = new Map(Array.from({ length: 600 }, (_, at) => [at, clientOf(at)] as const));
  const pending = Array.from({ length: 2_000 }, (_, at) => ({ name: `${at} ${LONG}`, type: 'timeout', dueAt: 5 }));
  const service = {
    toJSON() {
      throw new Error(LONG);
    },
  };
  const people = Array.from({ length: 600 }, (_, at) => ({
    user: `${at} ${LONG}`,
    isAway: false,
    value: { text: LONG },
    clients: Array.from({ length: 50 }, (_each, id) => ({ id })),
  }));
  const room = {
    presence: { people },
    members: { clients },
    timers: { pending },
    waitingEvents: 0,
    instance: { service },
    now: () => 0,
  } as unknown as Room;
  const detail = new RoomDetails(0, () => false).of('talk/lobby', room);
  expect(detail).toMatchObject({ clientCount: 600, stateError: expect.stringMatching(/^z{1000}… \(/) });
  expect([detail.clients.length, detail.timers.length]).toEqual([500, 500]);
  expect(detail.people).toHaveLength(500);
  expect(detail.people![0]).toMatchObject({ user: expect.stringMatching(/^0 z{98}… \(/), isAway: false });
  expect(detail.people![0].clients).toHaveLength(20);
  const [{ tags, url }] = detail.clients;
  expect(tags).toHaveLength(21);
  expect(tags[0]).toBe(`0 ${LONG.slice(0, 98)}… (16002 characters)`);
  expect(tags[20]).toBe('… (10 more)');
  expect(url.length).toBeLessThan(1_100);
  expect(JSON.stringify(detail).length).toBeLessThan(2_500_000);
});
