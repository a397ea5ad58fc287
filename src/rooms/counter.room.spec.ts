import { expect, it } from '@jest/globals';
import { MemoryStore } from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { CounterRoom } from './counter.room.js';

useLeakGuard();

it('CounterRoom counts up and down for everyone, and ignores the rest', async () => {
  await using room = await createTestRoom(CounterRoom);
  const ann = await room.connect();
  const bob = await room.connect();
  for (const client of [ann, bob]) expect(client.unread()).toEqual(['new value: 0']);
  ann.send('increment');
  ann.send('reset');
  await room.settle();
  bob.send('increment');
  bob.send('decrement');
  await room.settle();
  for (const client of [ann, bob]) expect(client.unread()).toEqual(['new value: 1', 'new value: 2', 'new value: 1']);
});

it('CounterRoom counts in each room for itself', async () => {
  await using room = await createTestRoom(CounterRoom);
  const other = await room.openRoom(CounterRoom);
  const ann = await room.connect();
  const bob = await other.connect();
  for (const client of [ann, bob]) client.unread();
  ann.send('increment');
  bob.send('decrement');
  expect(await ann.next()).toBe('new value: 1');
  expect(await bob.next()).toBe('new value: -1');
});

it('CounterRoom goes on where it was when it is empty for a while, and after a crash a second later', async () => {
  await using room = await createTestRoom(CounterRoom, { store: new MemoryStore() });
  const ann = await room.connect();
  ann.send('increment');
  await room.settle();
  await ann.close();
  const bob = await room.connect();
  expect(await bob.next()).toBe('new value: 1');
  bob.send('increment');
  await room.advance(1_000);
  await room.crash();
  const cem = await room.connect();
  expect(await cem.next()).toBe('new value: 2');
});
