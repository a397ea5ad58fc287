import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ChannelCalls } from '../libs/jamsocket/src/workers/channel/channel-calls.js';
import { ProcessHandOver } from '../libs/jamsocket/src/workers/hand-over/process-hand-over.js';
import type { Ask, Channel, ToPrimary, ToWorker } from '../libs/jamsocket/src/workers/messages.js';

const room = { service: 'board', key: 'a' };

let server: Server | undefined;
afterEach(async () => {
  if (server === undefined) return;
  server.close();
  await once(server, 'close');
  server = undefined;
});

function handOver(answer: string | undefined, isOn = true) {
  const asked: Ask[] = [];
  const given: ToPrimary[] = [];
  let tell: (message: ToWorker) => void = () => undefined;
  const channel: Channel = {
    send: async (message) => {
      if (message.jamsocket !== 'ask') return;
      asked.push(message);
      setImmediate(() => tell({ jamsocket: 'answer', id: message.id, result: answer }));
    },
    listen: (listener) => {
      tell = listener;
      return () => undefined;
    },
  };
  const made = new ProcessHandOver(
    channel,
    new ChannelCalls(channel),
    (message, _socket, callback) => {
      given.push(message as ToPrimary);
      callback(null);
    },
    isOn,
  );
  return { made, asked, given };
}

async function socket(): Promise<{ client: Socket; accepted: Socket }> {
  server ??= createServer().listen(0, '127.0.0.1');
  if (!server.listening) await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  const [accepted] = (await once(server, 'connection')) as [Socket];
  return { client, accepted };
}

const upgrade = { url: '/ws/board/a', rawHeaders: [], head: Buffer.alloc(0) };

it('asks once which other worker has a room; the primary looks again when a socket goes there', async () => {
  const { made, asked, given } = handOver('two');
  expect([await made.targetOf(room, 'one'), await made.targetOf(room, 'one')]).toEqual(['two', 'two']);
  expect(asked).toHaveLength(1);
  const { client, accepted } = await socket();
  made.give({ node: 'two', room, from: 'one' }, accepted, upgrade);
  expect(given).toMatchObject([{ node: 'two', target: { room, forNew: 'one' } }]);
  client.destroy();
});

it('does not remember that a room is its own: later another worker may have it', async () => {
  const { made, asked } = handOver('one', false);
  await made.open('one', () => undefined);
  // The room is promised to this worker, and another one has the fewest rooms now.
  for (let n = 0; n < 2; n++) expect(await made.targetOf(room, 'two')).toBe('one');
  expect(asked).toHaveLength(2);
});

it('asks again about rooms that nobody has, or this worker, or a node of another cluster', async () => {
  for (const answer of [undefined, 'one']) {
    const { made, asked } = handOver(answer);
    for (let n = 0; n < 2; n++) expect(await made.targetOf(room, 'one')).toBe(answer);
    expect(asked).toHaveLength(2);
  }
  const { made, asked, given } = handOver('two');
  for (let n = 0; n < 2; n++) expect(await made.targetOf(room, 'one', 'two')).toBe('two');
  expect(asked).toHaveLength(2);
  const { client, accepted } = await socket();
  made.give({ node: 'two', room, from: 'one' }, accepted, upgrade);
  expect(given).toMatchObject([{ node: 'two' }]);
  expect(given[0]).not.toHaveProperty('target.room');
  client.destroy();
});
