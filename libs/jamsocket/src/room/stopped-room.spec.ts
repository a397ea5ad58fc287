import { describe, expect, it } from '@jest/globals';
import { JamsocketService } from '../decorators/jamsocket-service.decorator.js';
import { OnBinary, OnDestroy, OnMessage } from '../decorators/handler.decorators.js';
import { createTestRoom } from '../testing/create-test-room.js';
import type { Client } from '../members/client.js';
import { localRoom } from './room.js';

const handled: string[] = [];

@JamsocketService()
class TalkativeRoom {
  @OnMessage()
  message(_client: Client, text: string) {
    handled.push(text);
  }

  @OnBinary()
  binary(_client: Client, bytes: Buffer) {
    handled.push(bytes.toString());
  }

  @OnDestroy()
  destroy() {
    handled.push('destroyed');
  }
}

describe('a room that was stopped at once, as at the end of the grace of a shutdown', () => {
  it('handles nothing of what its clients still send', async () => {
    const room = await createTestRoom(TalkativeRoom);
    const client = await room.connect();
    client.send('before');
    await room.settle();
    const stopped = localRoom(room.context.room).end.abandon();
    client.send('after');
    client.send(Buffer.from('after, in bytes'));
    await room.settle();
    await stopped;
    expect(handled).toEqual(['before']);
    await room.close();
  });
});
