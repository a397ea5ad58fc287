import { expect, it } from '@jest/globals';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { readFileSync } from 'node:fs';
import { BoardRoom } from './support/state/board.room.js';

useLeakGuard();

it('shows every player where the others are', async () => {
  const room = await createTestRoom(BoardRoom);
  const [ann, bob] = [await room.connect(), await room.connect()];
  expect(ann.state('board')).toEqual({ players: {}, turn: 0 });
  ann.emit('move', { x: 1, y: 2 });
  bob.emit('move', { x: 3, y: 4 });
  await room.settle();
  expect(bob.state('board')).toEqual({ players: { 1: { x: 1, y: 2 }, 2: { x: 3, y: 4 } }, turn: 2 });
  expect(bob.state('no such state')).toBeUndefined();
  await bob.close();
  expect(ann.state('board')).toEqual(room.service.board.value);
  expect(ann.state('board')).toEqual({ players: { 1: { x: 1, y: 2 } }, turn: 2 });
  expect(ann.unread()).toEqual([]);
  expect(ann.received[0]).toBe('{"event":"$state","data":{"board":[{"players":{},"turn":0}]}}');
  await room.close();
});

it('docs/state.md begins with this room', () => {
  const read = (path: string) => readFileSync(`${import.meta.dirname}/${path}`, 'utf8');
  const [, first] = /```ts\n(.*?)```/s.exec(read('../docs/state.md')) ?? [];
  expect(first).toBe(`// board.room.ts\n${read('support/state/board.room.ts')}`);
});
