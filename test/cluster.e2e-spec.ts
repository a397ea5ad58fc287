import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  tagged,
  type Client,
} from 'nestjs-jamsocket';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { Journal } from './support/gate.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();

@JamsocketService()
class SpreadRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.tag(client.id % 2 === 0 ? 'even' : 'odd');
    client.sendMessage(`welcome ${client.id}`);
    this.ctx.sendMessage(everyoneExcept(client), `${client.id} has come`);
  }

  @OnMessage()
  message(client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, `${client.id}: ${text}`);
    this.ctx.sendMessage(tagged('odd'), 'odd ones');
  }

  @OnDisconnect()
  disconnect(client: Client) {
    journal.add(`gone ${client.id} ${client.closed?.code}`);
    this.ctx.sendMessage(Broadcast, `${client.id} has left`);
  }
}

describe('a room on one node', () => {
  let one: TestApp;
  let two: TestApp;

  beforeAll(async () => {
    const hub = new InProcessHub(new SystemClock());
    const boot = (name: string) => startTestApp({ options: { cluster: hub.node(name) }, providers: [SpreadRoom] });
    one = await boot('one');
    two = await boot('two');
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  it('has clients on every node', async () => {
    const ann = await TestClient.connect(`${one.ws}/ws/shared`);
    expect(await ann.nextText()).toBe('welcome 1');
    const bob = await TestClient.connect(`${two.ws}/ws/shared`);
    expect(await bob.nextText()).toBe('welcome 2');
    expect(await ann.nextText()).toBe('2 has come');
    bob.send('hello');
    expect(await ann.nextText()).toBe('2: hello');
    expect(await ann.nextText()).toBe('odd ones');
    expect(await bob.nextText()).toBe('2: hello');
    ann.send('hi');
    expect(await bob.nextText()).toBe('1: hi');
    await bob.close();
    await ann.until('2 has left');
    await journal.has('gone 2 1000');
    await ann.close();
  });
});
