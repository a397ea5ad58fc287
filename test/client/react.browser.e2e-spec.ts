import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { TestClient } from '../support/test-client.js';
import { ChatPage, ChatRoom, journal } from './support/chat-page.js';
import { bundle } from './support/pages.js';

/** A browser and a bundler take their time on a busy machine. */
const PATIENCE_MS = 60_000;

const source = readFileSync(`${import.meta.dirname}/support/react-page.ts`, 'utf8');

describe('useRoom in a browser, in StrictMode', () => {
  let browser: Browser;
  let script: string;
  let chat: ChatPage;

  beforeAll(async () => {
    [script, browser] = await Promise.all([bundle(source), launchBrowser()]);
  }, PATIENCE_MS);

  afterAll(() => browser?.close());

  beforeEach(async () => {
    chat = await ChatPage.open(browser, script);
  }, PATIENCE_MS);

  afterEach(() => chat.close(), PATIENCE_MS);

  const press = (name: string) => chat.press(name);
  const shows = (id: string, text: string) => chat.shows(id, text);

  it('joins once, sends, asks and renders what it hears', async () => {
    await press('one');
    await shows('client', 'one open 1');
    await press('say');
    await shows('lines', '1 says hello');
    await press('ask');
    await shows('lines', '1 says hello, answer to 1');
    expect(journal.entries).toEqual(['one: 1 is here', 'one: 1 says hello']);
  });

  it('shows that the connection is lost, and goes on as the same client', async () => {
    await press('one');
    await shows('client', 'one open 1');
    chat.cut();
    await chat.rooms.invoke(ChatRoom, 'one', 'tell', 'told meanwhile');
    await shows('lines', 'told meanwhile');
    await shows('client', 'one open 1');
    expect(await chat.page.locator('#statuses').textContent()).toMatch(/open reconnecting open$/);
    expect(journal.entries).toEqual(['one: 1 is here']);
  });

  it('renders again when the part of the shared state that a component selects has changed, and only then', async () => {
    const rooms = chat.rooms;
    const commits = () => chat.page.evaluate('commits');
    await press('one');
    await shows('score', 'red 0, 0 even');
    await rooms.invoke(ChatRoom, 'one', 'score', 5);
    await shows('score', 'red 5, 0 even');
    const before = Number(await commits());
    await rooms.invoke(ChatRoom, 'one', 'note', 1);
    await shows('lines', 'noted 1');
    expect(await commits()).toBe(before);
    await rooms.invoke(ChatRoom, 'one', 'note', 2);
    await shows('score', 'red 5, 1 even');
    expect(await commits()).toBe(before + 1);
  });

  it('shows who else is in the room and what they show, and lets others see its own value', async () => {
    await press('wait');
    await shows('others', 'nobody');
    await press('show');
    await press('one');
    await shows('client', 'one open 1');
    await shows('others', 'nobody');
    const bob = await TestClient.connect(`${chat.test.ws}/ws/one`);
    bob.emit('$presence', 'first');
    await chat.page
      .locator('#others')
      .getByText(/^\S+=first$/)
      .waitFor();
    bob.emit('$presence', 'second');
    await chat.page
      .locator('#others')
      .getByText(/^\S+=second$/)
      .waitFor();
    await press('show');
    while (!(await bob.nextText()).includes('"value":"hello"'));
    await bob.close();
    await shows('others', 'nobody');
  });

  it('answers what the room asks, by the handler of the last render', async () => {
    const rooms = chat.rooms;
    await press('one');
    await shows('client', 'one open 1');
    expect(await rooms.invoke(ChatRoom, 'one', 'count')).toBe('0 lines');
    await press('say');
    await shows('lines', '1 says hello');
    expect(await rooms.invoke(ChatRoom, 'one', 'count')).toBe('1 lines');
  });

  it('leaves the room when it is unmounted', async () => {
    await press('one');
    await shows('client', 'one open 1');
    await press('leave');
    await journal.has('one: 1 has left with 1000');
  });

  it('waits in no room while there is no URL, and leaves the room for it', async () => {
    await press('wait');
    await shows('client', 'null waiting undefined');
    await press('say');
    expect(journal.entries).toEqual([]);
    await press('one');
    await shows('client', 'one open 1');
    await press('say');
    await shows('lines', '1 says hello');
    await press('wait');
    await shows('client', 'null waiting undefined');
    await journal.has('one: 1 has left with 1000');
  });

  it('changes the room with the URL', async () => {
    await press('one');
    await shows('client', 'one open 1');
    await press('two');
    await shows('client', 'two open 1');
    await journal.has('one: 1 has left with 1000');
    await press('say');
    await shows('lines', '1 says hello');
    expect(journal.entries).toContain('two: 1 says hello');
  });
});
