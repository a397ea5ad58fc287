import { expect, it } from '@jest/globals';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { MembersGuard } from './members.guard.js';
import { MembersRoom } from './members.room.js';

useLeakGuard();

it('MembersRoom lets in who has a token, in the query or in a header, and calls them by their names', async () => {
  await using room = await createTestRoom(MembersRoom, { providers: [MembersGuard] });
  const alice = await room.connect({ query: { token: 'alice-token' } });
  const bob = await room.connect({ headers: { Authorization: 'Bearer bob-token' } });
  bob.send('hello');
  await room.settle();
  expect(alice.received).toEqual(['Alice is here', 'Bob is here', 'Bob: hello']);
  await bob.drop();
  expect(alice.received.at(-1)).toBe('Bob has gone');
});

it('MembersRoom refuses strangers before there is a WebSocket', async () => {
  await using room = await createTestRoom(MembersRoom, { providers: [MembersGuard] });
  await expect(room.connect({ query: { token: 'made up' } })).rejects.toMatchObject({ status: 401 });
  await expect(room.connect()).rejects.toMatchObject({ status: 401 });
});
