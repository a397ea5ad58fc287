import { expect, it } from '@jest/globals';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { EchoRoom } from './echo.room.js';

useLeakGuard();

it('EchoRoom answers whoever speaks, and nobody else', async () => {
  await using room = await createTestRoom(EchoRoom);
  const ann = await room.connect();
  const bob = await room.connect();
  ann.send('hello');
  ann.send(Buffer.from('bytes'));
  await room.settle();
  expect(ann.received).toEqual(['hello', Buffer.from('bytes')]);
  expect(bob.received).toEqual([]);
});
