import { expect, it } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketService,
  MemoryStore,
  OnMessage,
  OnTimer,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';

@JamsocketService({ path: 'auction', durable: { save: 'turn' } })
class DurableAuctionRoom {
  @State() private highest = 0;
  @State() isSold = false;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  bid(_client: Client, text: string) {
    if (!(Number(text) > this.highest)) return `more than ${this.highest}, please`;
    this.highest = Number(text);
    this.ctx.setTimer(30_000);
    return `${text} is bid`;
  }

  @OnTimer()
  sold() {
    this.isSold = true;
  }
}

useLeakGuard();

it('keeps a bid that was confirmed, and sells in time, whatever happens to the process', async () => {
  const room = await createTestRoom(DurableAuctionRoom, { store: new MemoryStore() });
  const ann = await room.connect();
  ann.send('10');
  expect(await ann.next()).toBe('10 is bid');
  await room.advance(20_000);

  await room.crash(); // kill -9, and another process with the same store
  expect(await ann.closed).toMatchObject({ code: 1006 });
  expect(room.context.restored?.reason).toBe('crash');
  const bob = await room.connect();
  bob.send('10');
  expect(await bob.next()).toBe('more than 10, please');

  await room.restart(); // SIGTERM: a deploy, or a saved file under nest start --watch
  expect(await bob.closed).toMatchObject({ code: 1012 });
  await room.advance(10_000);
  expect(room.service.isSold).toBe(true);

  await room.close();
});
