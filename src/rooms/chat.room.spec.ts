import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestRoom, useLeakGuard, type TestRoom } from 'nestjs-jamsocket/testing';
import { ChatRoom } from './chat.room.js';

useLeakGuard();

describe('ChatRoom', () => {
  let room: TestRoom<ChatRoom>;
  beforeEach(async () => {
    room = await createTestRoom(ChatRoom, { roomId: 'lobby' });
  });
  afterEach(() => room.close());

  it('welcomes who joins, and tells everyone', async () => {
    const ann = await room.connect();
    const bob = await room.connect();
    expect(bob.received).toEqual([
      'Welcome to the chat! Your name is client2. Send /nick <username> to change it.',
      'client2 has joined the chat',
    ]);
    expect(ann.received.at(-1)).toBe('client2 has joined the chat');
  });

  it('passes on what is said, under the nickname of who says it', async () => {
    const ann = await room.connect();
    const bob = await room.connect();
    ann.unread();
    bob.send('/nick bob');
    bob.send('hello there');
    expect(await ann.next()).toBe('client2 is now known as bob');
    expect(await ann.next()).toBe('bob: hello there');
  });

  it('takes no empty nickname', async () => {
    const ann = await room.connect();
    ann.send('/nick  ');
    ann.send('who am I?');
    expect(await ann.until((message) => message.includes('who'))).toBe('client1: who am I?');
  });

  it('tells the others who has left', async () => {
    const ann = await room.connect();
    const bob = await room.connect();
    await bob.drop();
    expect(ann.received.at(-1)).toBe('client2 has left the chat');
  });
});
