import { expect, it } from '@jest/globals';
import { MemoryStore, type Client } from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { HEIGHT, MAX_LINES, MAX_POINTS, WIDTH } from './board.contract.js';
import { BoardRoom } from './board.room.js';

useLeakGuard();

const start = () => createTestRoom(BoardRoom, { store: new MemoryStore() });
const dot = (line: number, x = 0) => ({ line, color: 1, points: [[x, x]] });

it('BoardRoom shows a line to everyone while it is drawn, and says how many points it has', async () => {
  await using room = await start();
  const [ann, bob] = [await room.connect(), await room.connect()];
  expect(await ann.request('draw', dot(1, 5))).toMatchObject({ data: 1 });
  expect(await ann.request('draw', { line: 1, color: 2, points: [[6, 6], [7, 7]] })).toMatchObject({ data: 3 }); // prettier-ignore
  await bob.request('draw', dot(1));
  await room.settle();
  const drawing = {
    lines: {
      'client1:1': { color: 1, points: [[5, 5], [6, 6], [7, 7]] }, // prettier-ignore
      'client2:1': { color: 1, points: [[0, 0]] },
    },
  };
  for (const client of [ann, bob]) expect(client.state('drawing')).toEqual(drawing);
});

it('BoardRoom takes back the last line of whoever asks, and no other', async () => {
  await using room = await start();
  const [ann, bob] = [await room.connect(), await room.connect()];
  for (const line of [1, 2]) await ann.request('draw', dot(line));
  await bob.request('draw', dot(1));
  const left = async () => {
    await room.settle();
    return Object.keys(room.service.drawing.value.lines);
  };
  ann.emit('undo');
  expect(await left()).toEqual(['client1:1', 'client2:1']);
  for (const _ of [1, 2]) ann.emit('undo');
  expect(await left()).toEqual(['client2:1']);
  ann.emit('clear');
  expect(await left()).toEqual([]);
});

it('BoardRoom never has more than it may share: lines end, and the oldest one goes', async () => {
  await using room = await start();
  const points = Array.from({ length: MAX_POINTS }, (): [number, number] => [WIDTH, HEIGHT]);
  for (let line = 1; line <= MAX_LINES + 1; line++)
    room.service.draw({ id: 1 } as Client, { line, color: 5, points: [...points] });
  const ann = await room.connect();
  expect(room.service.draw({ id: 1 } as Client, { line: MAX_LINES + 1, color: 5, points })).toBe(MAX_POINTS);
  expect(JSON.stringify(ann.state('drawing')).length).toBeLessThan(2 ** 20);
  const lines = Object.keys(room.service.drawing.value.lines);
  expect(lines).toHaveLength(MAX_LINES);
  expect(lines[0]).toBe('client1:2');
});

it.each([
  ['a point beside the board', { line: 1, color: 1, points: [[WIDTH + 1, 0]] }],
  ['a color that there is not', { line: 1, color: 6, points: [[0, 0]] }],
  ['no points', { line: 1, color: 1, points: [] }],
])('BoardRoom refuses %s', async (_what, data) => {
  await using room = await start();
  const ann = await room.connect();
  expect(await ann.request('draw', data)).toMatchObject({ event: 'exception', data: { code: 'invalid' } });
  expect(room.service.drawing.value).toEqual({ lines: {} });
});

it('BoardRoom has after a crash whatever anyone has seen', async () => {
  await using room = await start();
  await (await room.connect()).request('draw', dot(1, 3));
  await room.crash();
  const bob = await room.connect();
  expect(bob.state('drawing')).toEqual({ lines: { 'client1:1': { color: 1, points: [[3, 3]] } } });
});
