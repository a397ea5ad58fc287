import { afterEach, describe, expect, it } from '@jest/globals';
import { JamsocketObservers, JamsocketService } from 'nestjs-jamsocket';
import { TestClient } from 'nestjs-jamsocket/testing';
import type { SharedCounts, Wanted } from '../libs/jamsocket/src/base/limits/shared-counts.js';
import { SystemClock } from '../libs/jamsocket/src/base/sources.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { startTestApp, type TestApp } from './support/test-app.js';

@JamsocketService('lobby')
class LobbyRoom {}

/** The counts of a machine on which other processes have all the rooms. */
class FullOfRooms implements SharedCounts {
  async add(wanted: readonly Wanted[]): Promise<Wanted | undefined> {
    return wanted.find(({ name }) => name === 'rooms');
  }
  remove(): void {}
  async take(): Promise<boolean> {
    return true;
  }
}

describe('limits that processes of one machine share', () => {
  let app: TestApp;

  afterEach(() => app.close());

  it('refuse a room, which is no room that has failed, as without other processes', async () => {
    const node = new InProcessHub(new SystemClock()).node('alone');
    const cluster = Object.assign(node, { counts: new FullOfRooms() });
    app = await startTestApp({ options: { cluster, limits: { maxRooms: 5 } }, providers: [LobbyRoom] });
    const failures: unknown[] = [];
    app.app.get(JamsocketObservers).add({ roomFailed: (_room, error) => void failures.push(error) });
    const { body } = await TestClient.refused(`${app.ws}/ws/lobby/a`);
    expect((body as { code: string }).code).toBe('too_many_rooms');
    expect(failures).toEqual([]);
  });
});
