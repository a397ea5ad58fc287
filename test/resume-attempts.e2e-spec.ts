import { UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { JamsocketService, OnConnect, OnDisconnect, OnMessage, type Client } from 'nestjs-jamsocket';
import { Gate, Journal } from './support/gate.js';
import { ResumingClient } from './support/resuming-client.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();
let gate: Gate;

class SlowDoor implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { query } = context.switchToWs().getClient<Client>().request;
    if (!query.has('slow')) return true;
    journal.add('at the slow door');
    await gate.opened;
    return true;
  }
}

@JamsocketService()
class Room {
  @UseGuards(SlowDoor)
  @OnConnect()
  connect({ id }: Client) {
    journal.add(`connect ${id}`);
  }

  @OnMessage()
  message({ id }: Client, text: string) {
    journal.add(`${id}: ${text}`);
  }

  @OnDisconnect()
  disconnect({ id }: Client) {
    journal.add(`disconnect ${id}`);
  }
}

describe('a client that tries several times to come back', () => {
  let test: TestApp;
  let lobby: string;

  beforeEach(async () => {
    gate = new Gate();
    journal.clear();
    test = await startTestApp({ providers: [Room, SlowDoor] });
    lobby = `${test.ws}/ws/lobby`;
  });

  afterEach(() => {
    gate.open();
    return test.close();
  });

  const offer = (token: string) => ['jamsocket.v1', `jamsocket.resume.${token}.0`];

  it.each([
    ['before', true],
    ['after', false],
  ])('loses nothing by an attempt that hangs in a guard until %s it confirms', async (_when, isFirst) => {
    const client = await ResumingClient.connect(lobby);
    const { jamsocket } = client.welcome;
    await client.cut();
    const hanging = TestClient.connect(`${lobby}?slow`, {}, offer(jamsocket));
    await journal.has('at the slow door');
    await expect(client.resume()).resolves.toMatchObject({ client: 1, resumed: true });
    if (isFirst) gate.open();
    else client.confirm();
    const { closed } = await hanging;
    expect(await closed).toEqual({ code: 4408, reason: '{"code":"superseded"}' });
    gate.open();
    if (isFirst) client.confirm();
    client.send('still here');
    await journal.has('1: still here');
    expect(journal.entries).toEqual(['connect 1', 'at the slow door', '1: still here']);
  });

  it('can come back with any token it may have got last, and with none of them once it has confirmed one', async () => {
    const client = await ResumingClient.connect(lobby);
    const first = client.welcome.jamsocket;
    const second = (await client.resume(0, first)).jamsocket;
    // An earlier attempt arrives late and takes over the place.
    const third = (await client.resume(0, first)).jamsocket;
    await expect(client.resume(0, second)).resolves.toMatchObject({ client: 1, resumed: true });
    client.confirm();
    client.send('confirmed');
    await journal.has('1: confirmed');
    for (const token of [first, second, third]) {
      const thief = await TestClient.connect(lobby, {}, offer(token));
      await expect(thief.nextJson()).resolves.toMatchObject({ resumed: false, lost: 'unknown' });
    }
  });
});
