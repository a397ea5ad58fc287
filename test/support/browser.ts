import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const DEFAULT_PATH = '/usr/bin/chromium';

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
