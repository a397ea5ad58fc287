import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestRoom, useLeakGuard, type RoomClient, type TestRoom } from 'nestjs-jamsocket/testing';
import { CursorsRoom } from './cursors.room.js';

useLeakGuard();

describe('CursorsRoom', () => {
  let room: TestRoom<CursorsRoom>;
  let ann: RoomClient;
  let bob: RoomClient;
  beforeEach(async () => {
    room = await createTestRoom(CursorsRoom);
    ann = await room.connect();
    bob = await room.connect();
    ann.unread();
  });
  afterEach(() => room.close());

  it('shows everyone where the others point', async () => {
    bob.emit('move', { x: 1, y: 2 });
    expect(await ann.nextJson()).toEqual({ event: 'move', data: { id: 2, x: 1, y: 2 } });
    await room.settle();
    expect(bob.received).toEqual([]);
  });

  it('ignores invalid positions', async () => {
    const answer = await bob.request('move', { x: 'left' });
    expect(answer).toMatchObject({ event: 'exception', data: { issues: [{ path: ['x'] }, { path: ['y'] }] } });
    expect(ann.unread()).toEqual([]);
  });

  it('tells who comes and who goes', async () => {
    const cem = await room.connect();
    await cem.close();
    expect(ann.unread().map((message) => JSON.parse(String(message)))).toEqual([
      { event: 'joined', data: { id: 3 } },
      { event: 'left', data: { id: 3 } },
    ]);
  });
});
