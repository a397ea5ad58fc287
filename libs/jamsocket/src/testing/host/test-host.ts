import { forgetOpen } from '../leak-guard.js';
import type { TestApp } from '../test-app.js';

/** The applications of a test, one after the other: as on a machine whose process ends and is started again. */
export class TestHost {
  /** Applications that crashed. Nest closes their providers at the end of the test. */
  readonly #crashed: TestApp[] = [];

  constructor(
    public app: TestApp,
    private readonly boot: () => Promise<TestApp>,
  ) {}

  /** The process ends as by `kill -9`, and another one is started. */
  async crash(): Promise<void> {
    await this.app.die();
    this.#crashed.push(this.app);
    this.app = await this.boot();
  }

  /** The process ends as by SIGTERM, and another one is started. */
  async restart(): Promise<void> {
    await this.app.close();
    this.app = await this.boot();
  }

  async close(): Promise<void> {
    forgetOpen(this);
    const { store } = this.app;
    await this.app.close();
    for (const app of this.#crashed) await app.close();
    await store?.shared.close();
  }
}
