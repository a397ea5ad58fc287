import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module, UseGuards, type ExecutionContext, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Throttle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { JamsocketModule, JamsocketService, OnConnect, OnMessage, type Client } from 'nestjs-jamsocket';
import { refusal, TextClient } from './text-client';

const LIMIT = 3;
const MINUTE_MS = 60_000;

/** As docs/guards.md has it. */
@Injectable()
class RoomThrottlerGuard extends ThrottlerGuard {
  protected override getRequestResponse(context: ExecutionContext) {
    const { request } = context.switchToWs().getClient<Client>();
    return { req: { ip: request.ip, headers: request.headers }, res: { header: () => undefined } };
  }
}

@UseGuards(RoomThrottlerGuard)
@JamsocketService()
class ThrottledRoom {
  @OnConnect()
  @Throttle({ default: { limit: LIMIT, ttl: MINUTE_MS } })
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  @Throttle({ default: { limit: LIMIT, ttl: MINUTE_MS } })
  message(_client: Client, text: string) {
    return text;
  }
}

@Module({
  imports: [JamsocketModule.forRoot(), ThrottlerModule.forRoot([{ limit: 100, ttl: MINUTE_MS }])],
  providers: [ThrottledRoom],
})
class ThrottledModule {}

// It is CommonJS and requires Nest: jest can load it beside Nest 12, which is ESM only, from Node 24.9 on.
describe("@nestjs/throttler's guard on rooms", () => {
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    const module = await Test.createTestingModule({ imports: [ThrottledModule] }).compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    url = `${(await app.getUrl()).replace(/^http/, 'ws')}/ws/room`;
  });
  afterEach(() => app.close());

  it('limits messages: too many get an exception event', async () => {
    const client = await TextClient.connect(url);
    expect(await client.next()).toBe('welcome');
    for (let n = 0; n <= LIMIT; n++) client.send(String(n));
    for (let n = 0; n < LIMIT; n++) expect(await client.next()).toBe(String(n));
    expect(await client.nextJson()).toMatchObject({
      event: 'exception',
      data: { message: 'ThrottlerException: Too Many Requests' },
    });
  });

  it('limits connects: too many are refused with 429', async () => {
    for (let n = 0; n < LIMIT; n++) await (await TextClient.connect(url)).next();
    expect(await refusal(url)).toMatchObject({ status: 429 });
  });
});
