import { expect, it } from '@jest/globals';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { ClockRoom } from './clock.room.js';

useLeakGuard();

it('ClockRoom ticks each second, whoever is there', async () => {
  await using room = await createTestRoom(ClockRoom, { roomId: 'hall' });
  await room.advance(2_500);
  const bob = await room.connect();
  expect(bob.received).toEqual([]);
  await room.advance(2_500);
  expect(bob.received).toEqual([
    'Here in room hall from timer @ 3',
    'Here in room hall from timer @ 4',
    'Here in room hall from timer @ 5',
  ]);
});
