import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { joinRoom } from 'jamsocket-client';
import type { Browser } from 'playwright-core';
import { WebSocket } from 'ws';
import { launchBrowser } from '../support/browser.js';
import { ChatPage, ChatRoom, journal } from './support/chat-page.js';
import { bundle, hasFrameworks } from './support/pages.js';

/** A browser and a bundler take their time on a busy machine. */
const PATIENCE_MS = 60_000;

const PAGES = {
  vue: () => bundle(`import './test/client/support/vue-page.js';`),
  svelte: () =>
    bundle(`import { mount } from 'svelte';
      import Page from './test/client/support/page.svelte';
      mount(Page, { target: document.getElementById('root') });`),
};

/** `npm --prefix test/compat/bindings install` installs both. */
const describeEach = hasFrameworks || process.env.JAMSOCKET_REQUIRE_SERVERS ? describe.each : describe.skip.each;

describeEach(['vue', 'svelte'] as const)('jamsocket-client/%s in a browser', (framework) => {
  let browser: Browser;
  let script: string;
  let chat: ChatPage;

  beforeAll(async () => {
    [script, browser] = await Promise.all([PAGES[framework](), launchBrowser()]);
  }, PATIENCE_MS);

  afterAll(() => browser?.close());

  beforeEach(async () => {
    chat = await ChatPage.open(browser, script);
    await press('one');
    await shows('client', 'one open 1');
  }, PATIENCE_MS);

  afterEach(() => chat.close(), PATIENCE_MS);

  const press = (name: string) => chat.press(name);
  const shows = (id: string, text: string) => chat.shows(id, text);

  it('joins when the component is mounted, hears and says something, and leaves when it is unmounted', async () => {
    await press('say');
    await shows('lines', '1 says hello');
    expect(journal.entries).toEqual(['one: 1 is here', 'one: 1 says hello']);
    await press('leave');
    await journal.has('one: 1 has left with 1000');
  });

  it('shows that the connection is lost, and goes on as the same client', async () => {
    chat.cut();
    await chat.rooms.invoke(ChatRoom, 'one', 'tell', 'told meanwhile');
    await shows('lines', 'told meanwhile');
    await shows('client', 'one open 1');
    expect(await chat.page.locator('#statuses').textContent()).toMatch(/^connecting open reconnecting open$/);
    expect(journal.entries).toEqual(['one: 1 is here']);
  });

  it('shows the shared state and its changes', async () => {
    await shows('score', 'red 0');
    await chat.rooms.invoke(ChatRoom, 'one', 'score', 5);
    await shows('score', 'red 5');
  });

  it('shows who else is there, and what they show', async () => {
    const bob = joinRoom(`${chat.test.ws}/ws/one`, { WebSocket });
    try {
      bob.presence.set('bob');
      await shows('others', 'bob');
      const isShown = new Promise<void>((resolve) => {
        bob.presence.onChange(({ person }) => person.value === 'ann' && resolve());
      });
      await press('show');
      await isShown;
    } finally {
      bob.close();
    }
    await chat.page.waitForFunction("document.getElementById('others').textContent === ''");
  });

  it('joins another room with another URL, and leaves the first', async () => {
    await press('two');
    await shows('client', 'two open 1');
    await journal.has('one: 1 has left with 1000');
    await press('say');
    await shows('lines', '1 says hello');
  });

  const itInVue = framework === 'vue' ? it : it.skip;
  itInVue('waits in no room while the URL is null', async () => {
    await press('wait');
    await shows('client', 'null waiting undefined');
    await journal.has('one: 1 has left with 1000');
    await press('say');
    await press('two');
    await shows('client', 'two open 1');
    await press('say');
    await shows('lines', '1 says hello');
  });
});
