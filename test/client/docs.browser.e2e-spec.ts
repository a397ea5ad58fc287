import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JamsocketService, OnConnect, type Client } from 'nestjs-jamsocket';
import type { Browser, Page } from 'playwright-core';
import { ChatRoom } from '../../src/rooms/chat.room.js';
import { launchBrowser } from '../support/browser.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { bundle, serve } from './support/pages.js';

/** A browser and a bundler take their time on a busy machine. */
const PATIENCE_MS = 60_000;

const ROOT = join(import.meta.dirname, '..', '..');
const guide = readFileSync(`${ROOT}/docs/client.md`, 'utf8');
const firstOf = (language: string, text: string) => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(text)![1];

/** The package's file, as it is published. */
async function builtPackage(): Promise<string> {
  const { build } = (await import(`${ROOT}/libs/client/build.mjs`)) as { build(folder: string): Promise<number> };
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-client-'));
  try {
    await build(folder);
    return readFileSync(join(folder, 'index.js'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('the README of the client begins with the example of docs/client.md', () => {
  expect(firstOf('ts', readFileSync(`${ROOT}/libs/client/README.md`, 'utf8'))).toBe(firstOf('ts', guide));
});

@JamsocketService('token')
class TokenRoom {
  @OnConnect()
  connect(client: Client) {
    const { token, url } = client.request;
    client.sendMessage(JSON.stringify([token, url]));
  }
}

describe('docs/client.md', () => {
  let browser: Browser;
  let test: TestApp;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
  }, PATIENCE_MS);

  afterAll(() => browser?.close());

  afterEach(async () => {
    await page.close();
    await test.close();
  });

  async function open(files: Record<string, string>): Promise<void> {
    test = await startTestApp({ providers: [ChatRoom], configure: serve(files) });
    page = await browser.newPage();
    await page.goto(test.http);
    await page.getByText('client1: hello').waitFor();
    expect(await page.title()).toBe('open');
  }

  it(
    'starts with an example that chats as it stands',
    async () => {
      const script = await bundle(firstOf('ts', guide));
      await open({ '/': '<!doctype html><body><script type="module" src="/page.js"></script>', '/page.js': script });
    },
    PATIENCE_MS,
  );

  it(
    'has a page that does so without a bundler',
    async () => {
      const html = `<!doctype html><body>${firstOf('html', guide)}`;
      await open({ '/': html, '/jamsocket-client.js': await builtPackage() });
    },
    PATIENCE_MS,
  );

  it(
    'has an option that sends a token of any characters in no URL',
    async () => {
      const token = "ü /(='*)%!~|^`";
      const source = `import { joinRoom } from 'jamsocket-client';
        const token = () => ${JSON.stringify(token)};
        for (const resume of [true, false]) {
          const room = joinRoom('/ws/token/lobby', { token, tokenIn: 'subprotocol', resume });
          room.onText((text) => document.body.append(text + ' and '));
        }`;
      test = await startTestApp({
        providers: [TokenRoom],
        configure: serve({
          '/': '<!doctype html><body><script type="module" src="/page.js"></script>',
          '/page.js': await bundle(source),
        }),
      });
      page = await browser.newPage();
      await page.goto(test.http);
      const told = JSON.stringify([token, '/ws/token/lobby']);
      await page.getByText(`${told} and ${told} and`).waitFor();
    },
    PATIENCE_MS,
  );
});
