import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { Journal } from './support/gate.js';
import { HOSTS, startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';
import { localRoom } from '../libs/jamsocket/src/room/room.js';

const journal = new Journal();
const SOON_MS = 30;
const FAR_MS = 3_600_000;

/** The application's own jobs, which have nothing to do with rooms. */
@Injectable()
class OwnJobs {
  @Interval('own interval', SOON_MS)
  interval() {
    journal.add('own interval');
  }

  @Timeout('own timeout', SOON_MS)
  timeout() {
    journal.add('own timeout');
  }

  @Cron(CronExpression.EVERY_SECOND, { name: 'own cron' })
  cron() {
    journal.add('own cron');
  }
}

@JamsocketService()
class ScheduledRoom {
  private ticks = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @Interval(SOON_MS)
  interval() {
    this.ticks += 1;
    this.ctx.sendMessage(Broadcast, `interval ${this.ctx.roomId} ${this.ticks}`);
  }

  @Timeout('greeting', SOON_MS)
  timeout() {
    this.ctx.sendMessage(Broadcast, `timeout ${this.ctx.roomId}`);
  }

  @Timeout('far', FAR_MS)
  far() {}

  @Cron(CronExpression.EVERY_SECOND, { name: 'clock' })
  cron() {
    this.ctx.sendMessage(Broadcast, `cron ${this.ctx.roomId}`);
  }
}

@JamsocketService('alarm')
class AlarmRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage('set')
  set(_client: Client, { ms, name }: { ms: number; name?: string }) {
    try {
      this.ctx.setTimer(ms, name);
      return 'set';
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  @OnTimer()
  ring() {
    this.ctx.sendMessage(Broadcast, 'ring');
  }

  @OnTimer('bell')
  bell() {
    this.ctx.sendMessage(Broadcast, 'bell');
  }
}

function count(entry: string): number {
  return journal.entries.filter((other) => other === entry).length;
}

const isAbout = (registry: SchedulerRegistry, room: string) => ({
  timeouts: registry.getTimeouts().filter((name) => name.includes(room)),
  intervals: registry.getIntervals().filter((name) => name.includes(room)),
  jobs: [...registry.getCronJobs().keys()].filter((name) => name.includes(room)),
});

describe.each(HOSTS)("beside the app's own ScheduleModule, on $platform beside $beside", (host) => {
  let started: TestApp;
  let registry: SchedulerRegistry;
  const warnings: string[] = [];

  beforeEach(async () => {
    journal.clear();
    warnings.length = 0;
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(String(message)));
    started = await startTestApp({
      host,
      providers: [ScheduledRoom, OwnJobs],
      imports: [ScheduleModule.forRoot()],
    });
    registry = started.app.get(SchedulerRegistry);
  });
  afterEach(async () => {
    await started.close();
    jest.restoreAllMocks();
  });

  it('@Interval, @Timeout and @Cron run in every room, are in the registry, and stop with the room', async () => {
    const red = await TestClient.connect(`${started.ws}/ws/red`);
    const blue = await TestClient.connect(`${started.ws}/ws/blue`);
    expect(isAbout(registry, 'red')).toEqual({
      // On a busy machine "greeting" may have run by now.
      timeouts: expect.arrayContaining(['jamsocket:default/red:far']),
      intervals: ['jamsocket:default/red:interval'],
      jobs: ['jamsocket:default/red:clock'],
    });
    for (const [room, client] of [['red', red] as const, ['blue', blue] as const]) {
      await client.until(`timeout ${room}`);
      await client.until(`interval ${room} 2`);
      await client.until(`cron ${room}`);
    }
    expect(isAbout(registry, 'red').timeouts).toEqual(['jamsocket:default/red:far']);
    expect(red.received.map(String).filter((text) => text.includes('blue'))).toEqual([]);

    await red.close();
    await started.app.get(JamsocketRooms).close(ScheduledRoom, 'red');
    expect(isAbout(registry, 'red')).toEqual({ timeouts: [], intervals: [], jobs: [] });
    expect(isAbout(registry, 'blue').intervals).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it("the app's own jobs run once, not twice", async () => {
    await TestClient.connect(`${started.ws}/ws/red`);
    await journal.has('own cron');
    await journal.has('own timeout');
    expect(registry.getIntervals().filter((name) => name.startsWith('own'))).toEqual(['own interval']);
    expect([...registry.getCronJobs().keys()].filter((name) => name.startsWith('own'))).toEqual(['own cron']);
    expect(count('own timeout')).toBe(1);
    const firesBefore = count('own interval');
    const began = performance.now();
    while (count('own interval') - firesBefore < 10) await new Promise((resolve) => setTimeout(resolve, 5));
    // Twice as often would take half as long; timers fire late on a busy machine, never early.
    expect(performance.now() - began).toBeGreaterThan(8.9 * SOON_MS);
  });
});

describe.each(HOSTS)('setTimer in an app without ScheduleModule, on $platform beside $beside', (host) => {
  let started: TestApp;
  let client: TestClient;

  beforeEach(async () => {
    started = await startTestApp({ host, providers: [AlarmRoom] });
    client = await TestClient.connect(`${started.ws}/ws/alarm/room`);
    await client.until('welcome');
  });
  afterEach(() => started.close());

  async function set(ms: unknown, name?: string): Promise<unknown> {
    client.emit('set', { ms, name });
    const { data } = await client.nextJson<{ data: unknown }>();
    return data;
  }

  it('runs the handler of its name once', async () => {
    await set(1);
    expect(await client.nextText()).toBe('ring');
    await set(1, 'bell');
    expect(await client.nextText()).toBe('bell');
    await set(10);
    expect(await client.nextText()).toBe('ring');
    expect(client.unread()).toEqual([]);
  });

  it('replaces the timer of the same name, and leaves the others', async () => {
    await set(60_000);
    await set(60_000, 'bell');
    await set(1);
    expect(await client.nextText()).toBe('ring');
    await set(1, 'bell');
    expect(await client.nextText()).toBe('bell');
  });

  it('cancels with 0', async () => {
    const pending = () => {
      const { timers } = localRoom(started.app.get(JamsocketRooms).localRooms()[0].room);
      return timers.pending.map(({ name }) => name);
    };
    await set(60_000);
    await set(60_000, 'bell');
    expect(pending()).toEqual(['default', 'bell']);
    await set(0);
    expect(pending()).toEqual(['bell']);
  });

  it.each([[-1], ['5'], [null], [{}]])('refuses %p milliseconds', async (ms) => {
    expect(await set(ms)).toBe('bad_timer');
  });

  it('refuses a name that no @OnTimer has', async () => {
    expect(await set(1, 'whistle')).toBe('unknown_timer');
  });
});
