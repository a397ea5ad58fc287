import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export interface Visit {
  readonly page: Page;
  /** Warnings and errors in the page's console, including violations of its CSP, and uncaught exceptions. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const PATIENCE_MS = 30_000;

/** By browser: a page for visits without options. A context of its own would cost each a second of CPU time. */
const pages = new WeakMap<Browser, Page>();

/** Opens the page as on a first visit: each server of a test has another port, and so another origin. */
export async function visit(browser: Browser, url: string, options?: BrowserContextOptions): Promise<Visit> {
  const page = (options === undefined && pages.get(browser)) || (await openPage(browser, options));
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  if (options !== undefined) return { page, complaints, close: () => page.context().close() };
  pages.set(browser, page);
  return { page, complaints, close: () => leave(page) };
}

async function openPage(browser: Browser, options?: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 860 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

async function leave(page: Page): Promise<void> {
  page.removeAllListeners('console').removeAllListeners('pageerror');
  await page.goto('about:blank');
}
