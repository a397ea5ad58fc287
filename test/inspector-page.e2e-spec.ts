import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import type { RoomDetail, TrafficEntry } from '../libs/jamsocket/src/inspector/inspector-events.js';
import { launchBrowser } from './support/browser.js';
import { FakeInspector, row } from './support/fake-inspector.js';
import { visit, type Visit } from './support/inspector-visit.js';

const ROOMS = '#rooms-rows [role=row]';
const TRAFFIC = '#traffic-rows [role=row]';
const HOSTILE = '<img src=x onerror="document.title=\'hacked\'">';

/** A string, since it runs in the page, and these specs only have Node's types. */
const COUNT_MUTATIONS = `
  window.seen = { added: 0, elements: new Set() };
  new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      seen.added += addedNodes.length;
      seen.elements.add(target.nodeType === Node.TEXT_NODE ? target.parentNode : target);
    }
  }).observe(document.querySelector('#rooms'), { subtree: true, childList: true, attributes: true, characterData: true });
  void 0`;
interface Mutations {
  readonly added: number;
  readonly elements: number;
}

let browser: Browser;
let fake: FakeInspector;
let visited: Visit;

beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser?.close());

beforeEach(async () => {
  fake = await FakeInspector.start();
});
afterEach(async () => {
  await visited.close();
  await fake.stop();
});

const open = async (hash = '', options?: BrowserContextOptions) =>
  (visited = await visit(browser, `${fake.url}${hash}`, options)).page;

/** Rows in sight from top to bottom, whatever their order in the document. */
const namesShown = (column = 'room') =>
  visited.page.$$eval(
    ROOMS,
    (rows, wanted) =>
      rows
        .toSorted((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)
        .map((each) => each.querySelector(`[data-column=${wanted}]`)?.textContent ?? ''),
    column,
  );

const untilRooms = (names: string[]) => until(namesShown, names);

async function until<T>(read: () => Promise<T>, wanted: T, patienceMs = 30_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  let last = await read();
  while (JSON.stringify(last) !== JSON.stringify(wanted)) {
    if (Date.now() > deadline) expect(last).toEqual(wanted);
    await nextFrame();
    last = await read();
  }
}

const nextFrame = () => visited.page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))');

const detailOf = (key: string, given: Partial<RoomDetail> = {}): RoomDetail => ({
  key,
  isGone: false,
  clients: [],
  clientCount: 0,
  timers: [],
  mailbox: 0,
  ...given,
});

let lastEntry = 0;
const entry = (preview: string, given: Partial<TrafficEntry> = {}): TrafficEntry => ({
  n: ++lastEntry,
  at: Date.UTC(2026, 0, 1),
  dir: 'in',
  client: '1',
  kind: 'text',
  preview,
  bytes: preview.length,
  ...given,
});

const previews = () => visited.page.$$eval(`${TRAFFIC} .preview`, (cells) => cells.map((cell) => cell.textContent));

describe("the inspector's list of rooms", () => {
  it('shows rooms as they come and go, and how to begin while there are none', async () => {
    const page = await open();
    await page.getByText('No rooms yet').waitFor();
    expect(await page.textContent('#example')).toContain(`ws://127.0.0.1:${fake.port}/ws/chat/lobby`);
    fake.change([row('chat', 'lobby', { clients: 3 }), row('chat', 'garden')]);
    await untilRooms(['lobby', 'garden']);
    expect(await page.isVisible('#rooms-empty')).toBe(false);
    fake.change([], ['chat/lobby']);
    await untilRooms(['garden']);
    expect(visited.complaints).toEqual([]);
  });

  it('filters by words and by service, sorts by any column, and a reload keeps all that', async () => {
    fake.change([
      row('chat', 'room 10', { clients: 5 }),
      row('chat', 'room 9', { clients: 7, in: 2 }),
      row('game', 'room 1', { clients: 6, in: 4.5 }),
      row('game', 'other'),
    ]);
    const page = await open();
    await untilRooms(['room 9', 'room 1', 'room 10', 'other']);
    await page.keyboard.press('/');
    await page.keyboard.type('ROOM');
    await untilRooms(['room 9', 'room 1', 'room 10']);
    await page.click('[role=columnheader][data-column=room] button');
    await untilRooms(['room 1', 'room 9', 'room 10']);
    expect(await page.getAttribute('[role=columnheader][data-column=room]', 'aria-sort')).toBe('ascending');
    await page.click('[role=columnheader][data-column=in] button');
    await untilRooms(['room 1', 'room 9', 'room 10']);
    await page.click('#services button:has-text("chat")');
    await untilRooms(['room 9', 'room 10']);
    await page.reload();
    await untilRooms(['room 9', 'room 10']);
    expect(await page.inputValue('#filter')).toBe('ROOM');
    await page.fill('#filter', 'nowhere');
    await page.getByText('No room passes the filter.').waitFor();
  });

  it('sorts by each of its columns', async () => {
    const numbers = { away: 2, in: 2, out: 2, bytesIn: 2, bytesOut: 2, mailbox: 2, buffered: 2, timers: 2 };
    fake.change([row('chat', 'b', { clients: 1 }), row('game', 'a', { ...numbers, clients: 2, startedAt: 0 })]);
    const page = await open('#/?sort=room&order=down');
    await untilRooms(['b', 'a']);
    const ids = await page.$$eval('#rooms-head [data-column]', (heads) =>
      heads.map((head) => head.getAttribute('data-column')),
    );
    expect(ids).toHaveLength(12);
    for (const id of ids) {
      const heading = `#rooms-head [data-column=${id}]`;
      await page.click(`${heading} button`);
      const first = id === 'service' ? ['b', 'a'] : ['a', 'b'];
      await untilRooms(first);
      await page.click(`${heading} button`);
      await untilRooms(first.toReversed());
    }
  });

  it('keeps fewer than 100 rows in the document for 5,000 rooms, and shows the right ones wherever it is scrolled to', async () => {
    fake.change(Array.from({ length: 5_000 }, (_, index) => row('chat', `room ${index}`)));
    const page = await open('#/?sort=room&order=up');
    await until(() => page.textContent('#count'), '5,000 rooms');
    await until(async () => (await namesShown())[0], 'room 0');
    for (const first of [2_500, 4_000, 17]) {
      await page.$eval('#rooms-rows', (rows, top) => (rows.scrollTop = top), first * 28);
      await until(async () => (await namesShown())[6], `room ${first}`);
      const names = await namesShown();
      expect(names).toEqual(names.map((_, index) => `room ${first - 6 + index}`));
      expect(names.length).toBeLessThan(100);
    }
    await page.focus('#rooms');
    await page.keyboard.press('End');
    await until(async () => (await namesShown()).at(-1), 'room 4999');
    expect(await page.$$eval(ROOMS, (rows) => rows.length)).toBeLessThan(100);
  });

  it('touches only what is in sight when all of 5,000 rooms change', async () => {
    const rooms = (rate: number) => Array.from({ length: 5_000 }, (_, index) => row('chat', `r${index}`, { in: rate }));
    fake.change(rooms(1));
    const page = await open('#/?sort=room&order=up');
    await until(async () => [...new Set(await namesShown('in'))], ['1']);
    const rows = await page.$$eval(ROOMS, (all) => all.length);
    await page.evaluate(COUNT_MUTATIONS);
    fake.change(rooms(2));
    await until(async () => [...new Set(await namesShown('in'))], ['2']);
    const seen = await page.evaluate<Mutations>('({ added: seen.added, elements: seen.elements.size })');
    expect(seen.added).toBe(0);
    expect(seen.elements).toBeGreaterThanOrEqual(rows);
    expect(seen.elements).toBeLessThanOrEqual(rows * 3);
  });

  it('says that the server is away, and goes on when it is back', async () => {
    fake.change([row('chat', 'lobby')]);
    const page = await open();
    await page.getByText('Live').waitFor();
    const { port } = fake;
    fake.end();
    await page.getByText('Shut down, reconnecting').waitFor();
    await fake.stop();
    await fake.listen(port);
    await page.getByText('Live').waitFor();
    await untilRooms(['lobby']);
  });
});

describe("the inspector's header", () => {
  it('says of a store whether it works, and why not', async () => {
    fake.change([row('chat', 'lobby')]);
    const page = await open();
    await untilRooms(['lobby']);
    expect([await page.isVisible('#store'), await page.isVisible('#outage')]).toEqual([false, false]);
    fake.store = {};
    fake.change([]);
    await until(() => page.textContent('#store'), 'works');
    fake.store = { outage: `The store has taken nothing for 3 s: ${HOSTILE}\u202e` };
    fake.change([]);
    await until(() => page.textContent('#store'), 'away');
    expect(await page.textContent('#outage')).toBe(
      `Durable rooms cannot be saved. The store has taken nothing for 3 s: ${HOSTILE}\\u{202e}`,
    );
    fake.store = {};
    fake.change([]);
    await page.waitForSelector('#outage', { state: 'hidden' });
    expect(visited.complaints).toEqual([]);
  });
});

describe("the inspector's page of a cluster", () => {
  const url = 'http://127.0.0.1:9/inspector';

  it('names the processes, and marks rooms that are not in this one', async () => {
    fake.cluster = {
      nodes: [
        { id: 'a', name: `web-1${HOSTILE}`, isThis: true, isSilent: false, rooms: 1 },
        { id: 'b', name: 'web-2', isThis: false, isSilent: false, rooms: 2, url },
        { id: 'c', name: 'web-3', isThis: false, isSilent: true, rooms: null },
      ],
    };
    const page = await open();
    const nodes = () => page.$$eval('#nodes li', (items) => items.map(({ textContent }) => textContent));
    await until(nodes, [`web-1${HOSTILE}1 room, this process`, 'web-22 rooms', 'web-3rooms unknowndoes not answer']);
    expect(await page.getAttribute('#nodes a', 'href')).toBe(url);
    fake.change([row('chat', 'here', { clients: 3, in: 2 }), row('chat', 'there', { clients: 5, node: 'web-2' })]);
    await untilRooms(['there', 'here']);
    const marks = await page.$$eval(`${ROOMS} [data-column=room]`, (cells) =>
      cells.map((cell) => [cell.textContent, cell.getAttribute('data-node')]),
    );
    expect(new Map(marks as [string, string | null][])).toEqual(
      new Map([
        ['here', null],
        ['there', 'web-2'],
      ]),
    );
    expect(new Set(await namesShown('in'))).toEqual(new Set(['', '2']));
    await page.fill('#filter', 'web-2');
    await untilRooms(['there']);
    fake.change([row('chat', 'there', { clients: 5 })]);
    await until(() => page.isVisible('#no-match'), true);
    await page.fill('#filter', '');
    await until(() => page.$$eval('[data-node]', (cells) => cells.length), 0);
    fake.cluster = { nodes: [], outage: 'The cluster does not answer.' };
    fake.change([]);
    await page.getByText('The other processes are not known now. The cluster does not answer.').waitFor();
    expect(visited.complaints).toEqual([]);
  });

  it('links from a room of another process to its page, shows nothing of the room, and cannot close it', async () => {
    const page = await open('#/room/chat/there');
    const elsewhere = { node: 'web-2', url };
    const show = (given: Partial<RoomDetail>) => fake.detail(detailOf('chat/there', given));
    await until(() => Promise.resolve(fake.openStreams), ['chat/there']);
    show({ isGone: true, elsewhere });
    await page.getByText('This room is in another process, web-2.').waitFor();
    expect(await page.getAttribute('#room-elsewhere a', 'href')).toBe(`${url}#/room/chat/there`);
    for (const part of ['.numbers', '.panels', '#close-room', '#move-room'])
      expect(await page.isVisible(`#room-view ${part}`)).toBe(false);
    expect(await page.isDisabled('#close-room')).toBe(true);
    show({ isGone: true, elsewhere: { node: 'web-3' } });
    await page.getByText('The page of that process shows it.').waitFor();
    expect(await page.$$('#room-elsewhere a')).toEqual([]);
    show({});
    await until(() => page.isVisible('#room-gone'), false);
    expect(await page.isVisible('#room-view .panels')).toBe(true);
    expect(await page.isDisabled('#close-room')).toBe(false);
    expect(visited.complaints).toEqual([]);
  });
});

describe('a room of a cluster', () => {
  it('is moved to a process that the operator chooses', async () => {
    fake.cluster = {
      nodes: [
        { id: 'a', name: 'web-1', isThis: true, isSilent: false, rooms: 1 },
        { id: 'b', name: `web-2${HOSTILE}`, isThis: false, isSilent: false, rooms: 2 },
        { id: 'c', name: 'web-3', isThis: false, isSilent: false, rooms: 2 },
        { id: 'd', name: 'web-4', isThis: false, isSilent: true, rooms: 2 },
      ],
    };
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.openStreams), ['chat/lobby']);
    fake.detail(detailOf('chat/lobby'));
    await page.click('#move-room');
    const names = await page.$$eval('#move-to option', (options) => options.map(({ textContent }) => textContent));
    expect(names).toEqual([`web-2${HOSTILE}`, 'web-3']);
    await page.click('#move-cancel');
    await page.click('#move-room');
    await page.selectOption('#move-to', 'c');
    await page.click('#move-form .main');
    await page.getByText('Room lobby has moved.').waitFor();
    expect(fake.actions).toEqual([{ path: '/inspector/rooms/chat/lobby/move', body: { to: 'c' }, header: '1' }]);
    fake.detail(detailOf('chat/lobby', { isGone: true, elsewhere: { node: 'web-3' } }));
    await until(() => page.isDisabled('#move-room'), true);
    expect(visited.complaints).toEqual([]);
  });

  it('has no button to move it without another process', async () => {
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.openStreams), ['chat/lobby']);
    fake.detail(detailOf('chat/lobby'));
    await page.locator('#close-room').waitFor();
    expect(await page.isVisible('#move-room')).toBe(false);
  });
});

describe('the presence of a room', () => {
  it('is shown with values, tabs and who is away, and not for rooms without it', async () => {
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.openStreams), ['chat/lobby']);
    const people = [
      { user: HOSTILE, clients: [1, 4], isAway: false, value: { x: 1 } },
      { clients: [2], isAway: true },
    ];
    fake.detail(detailOf('chat/lobby', { people }));
    const shown = () =>
      page.$$eval('#people li', (items) =>
        items.map((item) => [...item.children].map(({ textContent }) => textContent)),
      );
    await until(shown, [
      [HOSTILE, 'clients 1, 4', '{"x":1}'],
      ['no user', 'client 2, away', ''],
    ]);
    expect(await page.textContent('#people-count')).toBe('2');
    fake.detail(detailOf('chat/lobby', { people: [] }));
    await page.locator('#people-empty').waitFor();
    fake.detail(detailOf('chat/lobby'));
    await until(() => page.isVisible('#people-panel'), false);
    expect(visited.complaints).toEqual([]);
  });
});

describe('the view of a room', () => {
  it('is opened and left by keyboard', async () => {
    fake.change([row('chat', 'first', { clients: 9 }), row('chat', 'a/b c', { clients: 2 })]);
    const page = await open();
    await untilRooms(['first', 'a/b c']);
    await page.focus('#rooms');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/inspector#/room/chat/a%2Fb%20c');
    expect(await page.textContent('#room-name')).toBe('a/b c');
    await until(() => Promise.resolve(fake.watched), ['chat/a%2Fb%20c']);
    await page.reload();
    await page.waitForSelector('#room-view:not([hidden])');
    expect(await page.textContent('#room-name')).toBe('a/b c');
    await page.keyboard.press('Escape');
    await untilRooms(['first', 'a/b c']);
    await page.goBack();
    await page.waitForSelector('#room-view:not([hidden])');
  });

  it('watches one room at a time, and leaves no stream behind', async () => {
    fake.change([row('chat', 'first', { clients: 2 }), row('chat', 'second')]);
    const page = await open();
    for (const name of ['first', 'second', 'first']) {
      await page.locator('#rooms-rows').getByText(name).click();
      await page.waitForSelector('#room-view:not([hidden])');
      await page.keyboard.press('Escape');
    }
    await until(() => Promise.resolve(fake.openStreams), [null]);
    await page.locator('#rooms-rows').getByText('second').click();
    await until(() => Promise.resolve(fake.openStreams), ['chat/second']);
  });

  it('shows traffic, holds it while paused, filters it and expands an entry', async () => {
    fake.change([row('chat', 'lobby')]);
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.watched), ['chat/lobby']);
    fake.traffic([
      entry('hello'),
      entry('{"x":1}', { dir: 'out', client: undefined, to: 'everyone but 1', event: 'moved', kind: 'event' }),
    ]);
    await until(previews, ['hello', '{"x":1}']);
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    fake.traffic([entry('held back')]);
    await page.getByText('1 waiting').waitFor();
    expect(await previews()).toEqual(['hello', '{"x":1}']);
    await page.keyboard.press('Space');
    await until(previews, ['hello', '{"x":1}', 'held back']);
    await page.selectOption('#traffic-direction', 'out');
    await until(previews, ['{"x":1}']);
    await page.selectOption('#traffic-direction', '');
    await page.fill('#traffic-client', '1');
    await until(previews, ['hello', 'held back']);
    await page.fill('#traffic-client', '');
    await page.fill('#traffic-text', 'MOVED');
    await until(previews, ['{"x":1}']);
    await page.click(TRAFFIC);
    await page.getByText('to clients').waitFor();
    expect(await page.textContent('.detail pre')).toBe('{\n  "x": 1\n}');
    // The page updates with the next frame.
    await page.waitForSelector(`${TRAFFIC}[aria-expanded=true]`);
  });

  it('keeps the newest 2,000 entries, few of them in the document, and follows the end', async () => {
    fake.change([row('chat', 'lobby')]);
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.watched), ['chat/lobby']);
    for (let batch = 0; batch < 6; batch++) {
      fake.traffic(
        Array.from({ length: 500 }, (_, index) => entry(`message ${batch * 500 + index}`)),
        batch === 5 ? 12 : 0,
      );
    }
    await page.getByText('12 more, too many to be shown').waitFor();
    await until(() => page.textContent('#traffic-count'), '2,000');
    expect(await previews()).toContain('message 2999');
    expect(await page.$$eval(TRAFFIC, (rows) => rows.length)).toBeLessThan(100);
    await page.$eval('#traffic-rows', (rows) => (rows.scrollTop = 0));
    await until(async () => (await previews()).includes('message 1001'), true);
  });

  it('shows clients, timers and state, and keeps open in the tree what was open', async () => {
    fake.change([row('chat', 'lobby')]);
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.watched), ['chat/lobby']);
    const client = { address: '10.0.0.7', isConnected: true, joinedAt: 0, tags: ['red'], url: '/ws/chat/lobby' };
    const detail = (count: number) =>
      detailOf('chat/lobby', {
        clients: [{ ...client, id: 3, buffered: 2048 }],
        clientCount: 1,
        timers: [{ name: 'round', kind: 'timeout', dueInMs: 61_000 }],
        state: { deep: { deeper: { count } } },
      });
    fake.detail(detail(1));
    await page.getByText('10.0.0.7').waitFor();
    expect(await page.textContent('#clients-rows')).toContain('2.0 KiB');
    expect(await page.textContent('#timers')).toContain('in 1 min 01 s');
    expect(await page.textContent('#state')).not.toContain('count');
    await page.getByRole('button', { name: 'deeper' }).click();
    fake.detail(detail(2));
    await page.locator('#state').getByText('2', { exact: true }).waitFor();
    fake.detail(detailOf('chat/lobby', { isGone: true }));
    await page.getByText('This room is gone.').waitFor();
    expect(await page.isDisabled('#close-room')).toBe(true);
  });

  it('shows what is saved of a durable room, and nothing of that for others', async () => {
    fake.change([row('chat', 'lobby'), row('chat', 'garden')]);
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.watched), ['chat/lobby']);
    // The first reading of the page.
    const now = Date.UTC(2026, 0, 1, 12, 0, 1);
    const saved = {
      save: 'turn',
      savedAt: now - 65_000,
      sizes: { state: 3 * 1024, clientData: 0, members: 512, log: 512 },
      saves: 1_234,
      fence: 1_764_460_800_000_000,
      isUnsaved: true,
      gated: { bytes: 2_048, forMs: 1_550 },
      restored: { reason: 'crash', version: 2, savedAt: now - 3_600_000 },
    } as const;
    fake.detail(detailOf('chat/lobby', { saved }));
    const facts = () =>
      page.$$eval('#saved > div', (rows) => rows.map((each) => each.textContent?.replaceAll('\u00a0', ' ')));
    await until(facts, [
      'Levelsaved after each turn',
      'Last save1 min 05 s ago, 1,234 in all',
      'Changessome are not saved yet',
      'Size4.0 KiB: state 3.0 KiB, members and timers 512 B, log 512 B',
      'At the gate2.0 KiB for 1,550 ms',
      'Restoredafter a crash, as it was 1 h 00 min ago, version 2',
      'Fence1764460800000000',
    ]);
    expect(await page.getAttribute('#saved [data-level=trouble]', 'data-level')).toBe('trouble');
    const fresh = { save: 5_000, saves: 0, fence: 7, isUnsaved: false };
    fake.detail(detailOf('chat/lobby', { saved: { ...fresh, save: 5_000 } }));
    await until(facts, [
      'Levelsaved 5 s after a change',
      'Last savenone yet',
      'Changesall are saved',
      'Size–',
      'At the gateno gate',
      'Restoredno, it is new',
      'Fence7',
    ]);
    expect(await page.$('#saved [data-level=trouble]')).toBeNull();
    fake.detail(detailOf('chat/lobby'));
    await page.waitForSelector('#saved-panel', { state: 'hidden' });
  });

  it('asks before it closes a room or disconnects a client, and marks the request as its own', async () => {
    fake.change([row('chat', 'lobby')]);
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.watched), ['chat/lobby']);
    const client = { address: '::1', isConnected: true, joinedAt: 0, buffered: 0, tags: [], url: '/' };
    fake.detail(detailOf('chat/lobby', { clients: [{ ...client, id: 3 }], clientCount: 1 }));
    await page.getByRole('button', { name: 'Kick client 3' }).click();
    await page.keyboard.press('Escape');
    await page.click('#close-room');
    expect(await page.textContent('#ask-text')).toContain('1 client is disconnected');
    await page.fill('#ask-reason', 'maintenance');
    await page.keyboard.press('Enter');
    await page.getByText('Room lobby is closed.').waitFor();
    expect(fake.actions).toEqual([
      { path: '/inspector/rooms/chat/lobby/close', body: { reason: 'maintenance' }, header: '1' },
    ]);
  });

  it('shows as text whatever clients send and rooms are called', async () => {
    fake.change([row('chat', HOSTILE)]);
    const page = await open();
    await untilRooms([HOSTILE]);
    await page.click(ROOMS);
    await until(async () => fake.watched.length, 1);
    const client = { id: 1, address: HOSTILE, isConnected: true, joinedAt: 0, buffered: 0, tags: [HOSTILE] };
    fake.detail(
      detailOf(fake.watched[0], {
        clients: [{ ...client, url: HOSTILE, data: { [HOSTILE]: HOSTILE } }],
        clientCount: 1,
        timers: [{ name: HOSTILE, kind: 'cron' }],
        state: { [HOSTILE]: HOSTILE },
      }),
    );
    fake.traffic([entry(HOSTILE, { event: HOSTILE, handler: HOSTILE, error: HOSTILE, client: HOSTILE })]);
    await until(previews, [HOSTILE]);
    await page.click(TRAFFIC);
    await page.click('#clients-rows .id');
    await page.getByText('Connected to').waitFor();
    expect(await page.$$('img, script:not([type=module])')).toEqual([]);
    expect(await page.title()).toBe(`${HOSTILE} · Inspector`);
    expect(visited.complaints).toEqual([]);
  });

  it('shows characters that cannot be seen, or that turn text around', async () => {
    const rooms: [id: string, shown: string][] = [
      ['admin\u202enimda', 'admin\\u{202e}nimda'],
      ['admin\\u{202e}nimda', 'admin\\\\u{202e}nimda'],
      ['lob\u200bby', 'lob\\u{200b}by'],
      ['lob\u00adby', 'lob\\u{ad}by'],
      ['lobby ', 'lobby\\u{20}'],
      ['the  lobby', 'the \\u{20}lobby'],
      ['the\u00a0lobby', 'the\\u{a0}lobby'],
      ['\u3164', '\\u{3164}'],
      ['\u2800\ufe0f\u{e0041}', '\\u{2800}\\u{fe0f}\\u{e0041}'],
      ['räume/ночь 部屋 غرفة 😀', 'räume/ночь 部屋 غرفة 😀'],
    ];
    fake.change(rooms.map(([id]) => row('chat', id)));
    const page = await open();
    await until(async () => {
      const names = new Set(await namesShown());
      return rooms.filter(([, name]) => !names.has(name));
    }, []);
    await page.getByText('admin\\u{202e}nimda', { exact: true }).click();
    await until(async () => fake.watched.length, 1);
    expect(await page.textContent('#room-name')).toBe('admin\\u{202e}nimda');
    expect(await page.title()).toBe('admin\\u{202e}nimda · Inspector');
    const family = '👨\u200d👩\u200d👧';
    fake.traffic([entry(`a\u202eb ${family}`, { event: 'mo\u200bve' })]);
    await until(previews, [`a\\u{202e}b ${family}`]);
    expect(await page.textContent(`${TRAFFIC} .kind`)).toBe('mo\\u{200b}ve');
    expect(fake.watched).toEqual([row('chat', 'admin\u202enimda').key]);
  });
});

describe('the look', () => {
  it('follows the system into the dark', async () => {
    const background = 'getComputedStyle(document.body).backgroundColor';
    const page = await open('', { colorScheme: 'light' });
    // Styles follow with the next frame.
    const brightness = async () => Number(/\d+/.exec(await page.evaluate<string>(background))?.[0]);
    await until(async () => (await brightness()) > 200, true);
    await page.emulateMedia({ colorScheme: 'dark' });
    await until(async () => (await brightness()) < 50, true);
  });

  it('counts one room as one, and writes addresses as people do', async () => {
    fake.change([row('chat', 'lobby', { clients: 1 })]);
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.openStreams), ['chat/lobby']);
    const client = { id: 1, isConnected: true, joinedAt: 0, buffered: 0, tags: [], url: '/ws/lobby' };
    const clients = [{ ...client, address: '::ffff:10.0.0.7' }];
    fake.detail(detailOf('chat/lobby', { clients, clientCount: 1 }));
    await page.locator('#clients-rows').getByText('10.0.0.7', { exact: true }).waitFor();
    await page.click('#back');
    await page.locator('#count').getByText('1 room', { exact: true }).waitFor();
  });

  it('says how to turn the state on, and when there is none', async () => {
    fake.change([row('chat', 'lobby')]);
    const page = await open('#/room/chat/lobby');
    await until(() => Promise.resolve(fake.openStreams), ['chat/lobby']);
    fake.detail(detailOf('chat/lobby', { state: {} }));
    await page.locator('#state-empty, #state-off').and(page.locator(':visible')).first().waitFor();
    expect(await page.isVisible('#state')).toBe(false);
  });

  it('shows the traffic of all rooms of a service, with arrows from the server, and exports it as JSON lines', async () => {
    fake.change([row('chat', 'lobby'), row('chat', 'garden')]);
    const page = await open('#/?service=chat');
    await page.getByRole('button', { name: 'Traffic of all chat rooms' }).click();
    await until(() => Promise.resolve(fake.openStreams), ['chat/']);
    const sent = entry('{"event":"said","data":"hi"}', {
      dir: 'out',
      kind: 'event',
      event: 'said',
      client: undefined,
      to: 'everyone',
      room: 'garden',
    });
    fake.traffic([entry('hello', { room: 'lobby' }), sent]);
    await until(previews, ['hello', '"hi"']);
    const cells = (name: string) => page.$$eval(`${TRAFFIC} .${name}`, (all) => all.map((cell) => cell.textContent));
    expect(await cells('mark')).toEqual(['←', '→']);
    expect(await cells('who')).toEqual(['lobby · 1', 'garden · everyone']);
    expect(await page.isVisible('#clients-title')).toBe(false);
    await page.fill('#traffic-text', 'garden');
    await until(previews, ['"hi"']);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
    const lines = readFileSync(await download.path(), 'utf8').split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0])).toMatchObject({ dir: 'out', room: 'garden', at: '2026-01-01T00:00:00.000Z' });
    expect(download.suggestedFilename()).toMatch(/^traffic-.*\.jsonl$/);
    expect(visited.complaints).toEqual([]);
  });

  it('does not scroll sideways on a phone', async () => {
    fake.change([row('chat', 'x'.repeat(128))]);
    const page = await open('', { viewport: { width: 360, height: 740 } });
    await untilRooms(['x'.repeat(128)]);
    const isWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    expect(await page.evaluate(isWide)).toBe(false);
    await page.click(ROOMS);
    await page.waitForSelector('#room-view:not([hidden])');
    expect(await page.evaluate(isWide)).toBe(false);
  });
});
