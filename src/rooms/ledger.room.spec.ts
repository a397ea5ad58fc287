import { expect, it } from '@jest/globals';
import { MemoryStore } from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { LedgerRoom } from './ledger.room.js';

useLeakGuard();

it('LedgerRoom adds up what everyone enters, and tells everyone', async () => {
  await using room = await createTestRoom(LedgerRoom, { store: new MemoryStore() });
  const ann = await room.connect();
  const bob = await room.connect();
  ann.send('add tea 3');
  await room.settle();
  bob.send('add refund -5');
  ann.send('add tea 3');
  await room.settle();
  expect(ann.received).toEqual([
    'added tea 3 by 1 #1 total 3',
    'added refund -5 by 2 #2 total -2',
    'added tea 3 by 1 #3 total 1',
  ]);
  expect(bob.received).toEqual(ann.received);
});

it.each(['', 'add', 'add tea', 'add tea three', 'add tea 1.5', 'add a b 1', 'add tea 9007199254740993', 'sub tea 1'])(
  'LedgerRoom answers "%s" to its sender alone, and counts nothing',
  async (text) => {
    await using room = await createTestRoom(LedgerRoom, { store: new MemoryStore() });
    const ann = await room.connect();
    const bob = await room.connect();
    ann.send('add most 9007199254740991');
    await room.settle();
    bob.unread();
    ann.unread();
    ann.send(text);
    ann.send('add too-much 1');
    ann.send('add back -9007199254740990');
    await room.settle();
    const added = 'added back -9007199254740990 by 1 #2 total 1';
    expect(ann.received).toEqual([
      'added most 9007199254740991 by 1 #1 total 9007199254740991',
      ...Array(2).fill('use: add <id> <n>'),
      added,
    ]);
    expect(bob.unread()).toEqual([added]);
  },
);

it('LedgerRoom goes on after a crash with whatever anyone has been told', async () => {
  await using room = await createTestRoom(LedgerRoom, { store: new MemoryStore() });
  const ann = await room.connect();
  ann.send('add tea 3');
  expect(await ann.next()).toBe('added tea 3 by 1 #1 total 3');
  await room.crash();
  const bob = await room.connect();
  bob.send('add cake 4');
  expect(await bob.next()).toBe('added cake 4 by 2 #2 total 7');
});
