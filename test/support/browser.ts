import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const DEFAULT_PATH = '/usr/bin/chromium';
/** What a browser logs itself when a server is away or refuses an upgrade. */
const IS_FAILED_DIAL = /^WebSocket connection to '[^']*' failed|^Failed to load resource: net::ERR_/;

/**
 * Starts a headless Chromium: that of `CHROMIUM_PATH`, or Debian's. Close it when the specs are over. Playwright turns
 * the cache for back and forward off unless it is asked for.
 * @throws Error if there is none, saying how to get it
 */
export async function launchBrowser({ hasPageCache = false } = {}): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH ?? DEFAULT_PATH;
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no Chromium at ${executablePath}: install it (apt-get install chromium), or let CHROMIUM_PATH be the path of one.`,
    );
  }
  // As root Chromium starts without its sandbox only; containers give /dev/shm too little room.
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    ignoreDefaultArgs: hasPageCache ? ['--disable-back-forward-cache'] : [],
  });
}

/** Adds to `errors` what the page throws, and what it logs as an error. */
export function watchErrors(page: Page, errors: string[]): void {
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !IS_FAILED_DIAL.test(message.text())) errors.push(message.text());
  });
}
