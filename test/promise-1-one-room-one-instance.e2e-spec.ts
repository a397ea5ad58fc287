import { UseGuards, type CanActivate } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { JamsocketContext, JamsocketService, OnConnect, OnCreate, type Client } from 'nestjs-jamsocket';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

describe.each(HOSTS)('one room, one instance, on $platform beside $beside', (host) => {
  let created = 0;
  let openGate: () => void;
  let gate: Promise<void>;
  let isFailing = false;
  let started: TestApp;

  let arrived = 0;
  let onArrival: () => void = () => undefined;
  /** Runs for every connect before it waits for the room. */
  const doorbell: CanActivate = {
    canActivate: () => {
      arrived += 1;
      onArrival();
      return true;
    },
  };
  const arrivals = (count: number) =>
    new Promise<void>((resolve) => (onArrival = () => arrived === count && setImmediate(resolve)));

  @UseGuards(doorbell)
  @JamsocketService()
  class CountedRoom {
    private readonly instance = ++created;

    constructor(private readonly ctx: JamsocketContext) {}

    @OnCreate()
    async create() {
      await gate;
      if (isFailing) throw new Error('the database is away');
    }

    @OnConnect()
    connect(client: Client) {
      this.ctx.sendMessage(client, `instance ${this.instance}`);
    }
  }

  beforeEach(async () => {
    created = 0;
    arrived = 0;
    isFailing = false;
    gate = new Promise((resolve) => (openGate = resolve));
    started = await startTestApp({ host, providers: [CountedRoom] });
  });
  afterEach(() => started.close());

  it('shares one creation between concurrent first connects', async () => {
    const allWait = arrivals(5);
    const connecting = [1, 2, 3, 4, 5].map(() => TestClient.connect(`${started.ws}/ws/lobby`));
    await allWait;
    openGate();
    const clients = await Promise.all(connecting);
    for (const client of clients) expect(await client.nextText()).toBe('instance 1');
    expect(created).toBe(1);
  });

  it('has an instance of its own in every room', async () => {
    openGate();
    const first = await TestClient.connect(`${started.ws}/ws/first`);
    const second = await TestClient.connect(`${started.ws}/ws/second`);
    expect([await first.nextText(), await second.nextText()]).toEqual(['instance 1', 'instance 2']);
  });

  it('refuses the clients that waited for a failing @OnCreate, and no later ones', async () => {
    isFailing = true;
    const allWait = arrivals(3);
    const waiting = [1, 2, 3].map(() => TestClient.refused(`${started.ws}/ws/lobby`));
    await allWait;
    openGate();
    for (const refusal of await Promise.all(waiting)) {
      expect(refusal.status).toBe(503);
      expect(refusal.body.code).toBe('room_failed');
    }
    isFailing = false;
    const client = await TestClient.connect(`${started.ws}/ws/lobby`);
    expect(await client.nextText()).toBe('instance 2');
  });
});
