import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Broadcast, JamsocketContext, JamsocketService, OnConnect, OnTimer, type Client } from 'nestjs-jamsocket';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const SOURCES = join(import.meta.dirname, '../libs/jamsocket/src');

@JamsocketService({ shutdown: 'never' })
class TimedRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    this.ctx.setTimer(20, 'once');
    client.sendMessage('welcome');
  }

  @OnTimer('once')
  once() {
    this.ctx.sendMessage(Broadcast, 'timer');
  }

  @Interval(20)
  tick() {
    this.ctx.sendMessage(Broadcast, 'interval');
  }
}

/** An application's own class that only has the name of that of `@nestjs/schedule`. */
@Injectable()
class SchedulerRegistry {
  readonly jobs = [];
}

describe('an application without ScheduleModule', () => {
  let started: TestApp;
  afterEach(() => started?.close());

  it.each([
    ['and nothing else', []],
    ['that has a class named SchedulerRegistry', [SchedulerRegistry]],
  ])('has timers in its rooms: one %s', async (_, others) => {
    started = await startTestApp({ providers: [TimedRoom, ...others] });
    const client = await TestClient.connect(`${started.ws}/ws/lobby`);
    const texts = new Set<string>();
    while (texts.size < 3) texts.add(await client.nextText());
    expect([...texts].sort()).toEqual(['interval', 'timer', 'welcome']);
    await client.close();
  });
});

it('needs no @nestjs/schedule: no file of the library imports it', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const importing = files.filter((file) => /from '@nestjs\/schedule/.test(readFileSync(join(SOURCES, file), 'utf8')));
  expect(importing).toEqual([]);
});
