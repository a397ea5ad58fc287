import { describe, expect, it } from '@jest/globals';
import { Frame } from '../wire/frame.js';
import { ImmediateOutbox } from './immediate-outbox.js';
import type { Link } from './link.js';
import type { Outlet } from './outbox.js';

class FakeConnection {
  readonly texts: unknown[] = [];
  readonly skipsVolatile = false;

  constructor(private readonly isSlow = false) {}

  writeFrame({ payload }: Frame): boolean {
    if (!this.isSlow) this.texts.push(payload);
    return !this.isSlow;
  }
}

describe('the outbox that writes at once', () => {
  const slow = new FakeConnection(true) as unknown as Link;

  it.each([
    ['a broadcast', (outbox: ImmediateOutbox) => outbox.broadcast(Frame.text('first'))],
    ['a broadcast with exceptions', (outbox: ImmediateOutbox) => outbox.broadcastExcept(Frame.text('first'), [])],
    ['a message to several', (outbox: ImmediateOutbox, members: Outlet[]) => outbox.send(Frame.text('first'), members)],
  ])('gives everyone %s before what is sent because a slow member has to go', (_what, send) => {
    const others = [new FakeConnection(), new FakeConnection()];
    const outbox = new ImmediateOutbox(() => {
      outbox.broadcast(Frame.text('somebody has left'));
    });
    const members = [slow, ...(others as unknown as Link[])].map((link) => outbox.join(link));
    send(outbox, members);
    for (const { texts } of others) expect(texts).toEqual(['first', 'somebody has left']);
  });

  it('drops a member that is too slow for a message of its own', () => {
    const dropped: Link[] = [];
    const outbox = new ImmediateOutbox((link) => dropped.push(link));
    outbox.sendTo(Frame.text('a'), outbox.join(slow));
    expect(dropped).toEqual([slow]);
  });

  it('drops a member once, though several frames in a row are too much for it', () => {
    const dropped: Link[] = [];
    const outbox = new ImmediateOutbox((link) => dropped.push(link));
    outbox.sendAll([Frame.text('a'), Frame.text('b')], outbox.join(slow));
    expect(dropped).toEqual([slow]);
  });
});
