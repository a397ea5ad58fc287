import { expect, it } from '@jest/globals';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { RelayRoom } from './relay.room.js';

useLeakGuard();

it('RelayRoom passes text and bytes on to everyone, unchanged and in order', async () => {
  await using room = await createTestRoom(RelayRoom);
  const ann = await room.connect();
  const bob = await room.connect();
  ann.send('{"any": text}');
  ann.send(Buffer.from([0, 255, 128]));
  ann.send('');
  await room.settle();
  expect(ann.received).toEqual(['{"any": text}', Buffer.from([0, 255, 128]), '']);
  expect(bob.received).toEqual(ann.received);
});
