import { expect, it } from '@jest/globals';
import { Broadcast, JamsocketContext, JamsocketService, OnMessage, OnTimer, type Client } from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';

@JamsocketService('auction')
class AuctionRoom {
  private highest = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  bid(_client: Client, text: string) {
    if (!(Number(text) > this.highest)) return `more than ${this.highest}, please`;
    this.highest = Number(text);
    this.ctx.sendMessage(Broadcast, `${text} is bid`);
    this.ctx.setTimer(30_000);
  }

  @OnTimer()
  sold() {
    this.ctx.sendMessage(Broadcast, `sold for ${this.highest}`);
  }
}

useLeakGuard();

it('sells to the highest bidder when nobody has bid for 30 seconds', async () => {
  const room = await createTestRoom(AuctionRoom);
  const ann = await room.connect();
  const bob = await room.connect();

  ann.send('10');
  expect(await bob.next()).toBe('10 is bid');
  await room.advance(20_000);
  bob.send('5');
  expect(await bob.next()).toBe('more than 10, please');
  bob.send('12');
  await room.advance(29_999);
  expect(ann.received).toEqual(['10 is bid', '12 is bid']);
  await room.advance(1);
  expect(await ann.until('sold for 12')).toBe('sold for 12');

  await room.close();
});
