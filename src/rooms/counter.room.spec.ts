import { expect, it } from '@jest/globals';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { CounterRoom } from './counter.room.js';

useLeakGuard();

it('CounterRoom counts up and down for everyone, and ignores the rest', async () => {
  await using room = await createTestRoom(CounterRoom);
  const ann = await room.connect();
  const bob = await room.connect();
  ann.send('increment');
  ann.send('reset');
  await room.settle();
  bob.send('increment');
  bob.send('decrement');
  await room.settle();
  expect(ann.received).toEqual(['new value: 1', 'new value: 2', 'new value: 1']);
  expect(bob.received).toEqual(ann.received);
});

it('CounterRoom counts in each room for itself', async () => {
  await using room = await createTestRoom(CounterRoom);
  const other = await room.openRoom(CounterRoom);
  const ann = await room.connect();
  const bob = await other.connect();
  ann.send('increment');
  bob.send('decrement');
  expect(await ann.next()).toBe('new value: 1');
  expect(await bob.next()).toBe('new value: -1');
});
