import { describe, expect, it } from '@jest/globals';
import type { Connection } from '../wire/connection.js';
import { Frame } from '../wire/frame.js';
import { ImmediateOutbox } from './immediate-outbox.js';

class FakeConnection {
  readonly texts: unknown[] = [];
  readonly skipsVolatile = false;

  constructor(private readonly isSlow = false) {}

  writeThroughWs({ payload }: Frame): boolean {
    if (!this.isSlow) this.texts.push(payload);
    return !this.isSlow;
  }
}

describe('the outbox that writes at once', () => {
  const slow = new FakeConnection(true) as unknown as Connection;

  it.each([
    ['a broadcast', (outbox: ImmediateOutbox) => outbox.broadcast(Frame.text('first'))],
    ['a broadcast with exceptions', (outbox: ImmediateOutbox) => outbox.broadcastExcept(Frame.text('first'), [])],
    [
      'a message to several',
      (outbox: ImmediateOutbox, members: Connection[]) => outbox.send(Frame.text('first'), members),
    ],
  ])('gives everyone %s before what is sent because a slow member has to go', (_what, send) => {
    const others = [new FakeConnection(), new FakeConnection()];
    const members = [slow, ...(others as unknown as Connection[])];
    const outbox = new ImmediateOutbox((dropped) => {
      outbox.leave(dropped);
      outbox.broadcast(Frame.text('somebody has left'));
    });
    for (const member of members) outbox.join(member);
    send(outbox, members);
    for (const { texts } of others) expect(texts).toEqual(['first', 'somebody has left']);
  });

  it('drops a member that is too slow for a message of its own', () => {
    const dropped: Connection[] = [];
    const outbox = new ImmediateOutbox((connection) => dropped.push(connection));
    outbox.sendTo(Frame.text('a'), slow);
    expect(dropped).toEqual([slow]);
  });

  it('drops a member once, though several frames in a row are too much for it', () => {
    const dropped: Connection[] = [];
    const outbox = new ImmediateOutbox((connection) => dropped.push(connection));
    outbox.sendAll([Frame.text('a'), Frame.text('b')], slow);
    expect(dropped).toEqual([slow]);
  });
});
