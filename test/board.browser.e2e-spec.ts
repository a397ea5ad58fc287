import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { joinRoom, type Room, type RoomContract } from 'jamsocket-client';
import type { Browser } from 'playwright-core';
import { WebSocket } from 'ws';
import type { BoardRoom } from '../src/rooms/board.room.js';
import { boxOf, draw, lines, openBoard, says, setName } from './support/board-page.js';
import { launchBrowser } from './support/browser.js';
import { buildDemo, startDemoProcess, type DemoBuild, type DemoProcess } from './support/demo-process.js';
import { findRedis, hasServer, startRedis, type TestServer } from './support/servers.js';

/** Two pages and the restart of a process take their time on a busy machine. */
const PATIENCE_MS = 180_000;

const program = findRedis();
const describeWithRedis = hasServer(program, 'Redis') ? describe : describe.skip;

describeWithRedis('the whiteboard, with two processes on one Redis', () => {
  let redis: TestServer;
  let build: DemoBuild;
  let nodes: [DemoProcess, DemoProcess];
  let browser: Browser;

  beforeAll(async () => {
    [redis, build, browser] = await Promise.all([
      startRedis(program!, ['--appendonly', 'yes', '--appendfsync', 'everysec']),
      buildDemo(),
      launchBrowser(),
    ]);
    nodes = [await start(), await start()];
  }, PATIENCE_MS);
  afterAll(async () => {
    await browser?.close();
    for (const node of nodes ?? []) await node.kill();
    build?.remove();
    await redis?.stop();
  });

  const start = (port?: number) =>
    startDemoProcess(build, {
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      ...(port === undefined ? {} : { PORT: String(port) }),
    });

  /** Kills the node that has the room. @returns the number of the node */
  async function killOwner(room: string): Promise<0 | 1> {
    const answer = await fetch(`${nodes[0].http}/cluster?service=board&room=${room}`);
    const { owner, self } = (await answer.json()) as { owner: string; self: string };
    const at = owner === self ? 0 : 1;
    await nodes[at].kill();
    return at;
  }

  const restart = async (at: 0 | 1) => void (nodes[at] = await start(nodes[at].port));

  it('loses no point that a client knows to be drawn, and doubles none, when the process of the room is killed', async () => {
    const rooms = nodes.map(({ http }) => enter(`${http}/ws/board/points`));
    const drawn = [0, 0];
    let isOver = false;
    const drawing = rooms.map(async (room, at) => {
      await room.opened;
      while (!isOver) {
        const points: [number, number][] = [[drawn[at] % 100, at]];
        const line = Math.floor(drawn[at] / 100);
        expect(await room.request('draw', { line, color: at, points }, { timeoutMs: Infinity })).toBe(
          (drawn[at] % 100) + 1,
        );
        drawn[at]++;
      }
    });
    const moreThan = (before: readonly number[]) =>
      until(() => drawn.every((count, at) => count > before[at] + 20), Promise.all(drawing));
    await moreThan([0, 0]);
    const killed = await killOwner('points');
    const other = 1 - killed;
    // The other node goes on without it.
    await until(() => rooms[other].connection.status === 'open' && drawn[other] > drawn[killed] + 20);
    await restart(killed);
    await moreThan([...drawn]);
    isOver = true;
    await Promise.all(drawing);
    for (const room of rooms) {
      const { lines } = await stateOf(room);
      for (const at of [0, 1]) {
        const points = Object.values(lines).flatMap(({ color, points }) => (color === at ? points : []));
        expect(points).toEqual(Array.from({ length: drawn[at] }, (_, count) => [count % 100, at]));
      }
      expect(room.connection).toMatchObject({ status: 'open' });
      room.close();
    }
  });

  it(
    'shows lines, cursors and names on the pages of both, and goes on when the process of the room is killed',
    async () => {
      const errors: string[] = [];
      const pages = await Promise.all(nodes.map(({ http }) => openBoard(browser, `${http}/#board/pages`, errors)));
      const [ann, bob] = pages.map((page) => page.getByRole('region', { name: 'Client A' }));
      await setName(ann, 'Ann');
      await setName(bob, 'Bob');
      await draw(ann, 100);
      for (const page of pages) await lines(page, 1);
      const box = await boxOf(bob);
      await pages[1].mouse.move(box.x + 50, box.y + 50);
      await ann.locator('.cursor', { hasText: /^Bob$/ }).waitFor();
      await ann.locator('.people li', { hasText: /^Bob$/ }).waitFor();

      const killed = await killOwner('pages');
      const other = 1 - killed;
      await says(pages[killed], 'connection lost');
      await draw([ann, bob][other], 150);
      await lines(pages[other], 2);
      // Waits for the connection, and is on its own page meanwhile.
      await draw([ann, bob][killed], 200);
      expect(await [ann, bob][killed].locator('polyline[points]').count()).toBeGreaterThan(1);
      await pages[other].locator('.people li', { hasText: ', away' }).first().waitFor();
      await restart(killed);
      for (const page of pages) {
        await lines(page, 3);
        await says(page, /^back (after a restart, still as client|as the same client, number) \d+$/);
        await page.locator('.people li.away').first().waitFor({ state: 'detached' });
      }
      await bob.getByRole('button', { name: 'Undo' }).click();
      for (const page of pages) await lines(page, 2);
      await ann.getByRole('button', { name: 'Clear' }).click();
      for (const page of pages) await lines(page, 0);
      await Promise.all(pages.map((page) => page.close()));
      expect(errors).toEqual([]);
    },
    PATIENCE_MS,
  );
});

type BoardContract = RoomContract<typeof BoardRoom>;

function enter(url: string): Room<BoardContract> {
  return joinRoom<BoardContract>(url, { WebSocket, backoff: { minMs: 50, maxMs: 500 } });
}

async function stateOf(room: Room<BoardContract>) {
  await room.request('draw', { line: 999_999, color: 5, points: [[0, 0]] });
  return room.state('drawing')!;
}

/** Waits for a condition that any message may fulfil. `failing` ends it if that rejects. */
async function until(isMet: () => boolean, failing?: Promise<unknown>): Promise<void> {
  let failure: Error | undefined;
  failing?.catch((error: Error) => (failure = error));
  while (!isMet()) {
    if (failure !== undefined) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
