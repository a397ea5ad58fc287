import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser } from './browser.js';
import { newDataFolder } from './demo-app.js';
import { buildDemo, startDemoProcess, type DemoBuild, type DemoProcess } from './demo-process.js';

/** The demo with two workers in processes of its own, as `npm run start` runs it, and a browser for its pages. */
export class DemoInBrowser {
  readonly #demos: DemoProcess[] = [];
  #dataFolder = '';
  #build: DemoBuild | undefined;
  #browser: Browser | undefined;

  /** Takes its time: it builds the demo. Call `close` in any case. */
  async open(): Promise<void> {
    this.#dataFolder = await newDataFolder();
    this.#build = await buildDemo();
    await this.#start({ WORKERS: '2', DATA_DIR: this.#dataFolder });
    this.#browser = await launchBrowser();
  }

  /** Where the demo is. */
  get http(): string {
    return this.#demos[0].http;
  }

  get browser(): Browser {
    return this.#browser!;
  }

  /** Starts another demo, in one process and with rooms of its own. */
  startSingle(): Promise<DemoProcess> {
    return this.#start({ WORKERS: '1', DATA_DIR: join(this.#dataFolder, 'single') });
  }

  async #start(environment: Readonly<Record<string, string>>): Promise<DemoProcess> {
    const demo = await startDemoProcess(this.#build!, environment);
    this.#demos.push(demo);
    return demo;
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    for (const demo of this.#demos) await demo.kill();
    this.#build?.remove();
    if (this.#dataFolder !== '') await rm(this.#dataFolder, { recursive: true, force: true });
  }
}
