import { MAX_TIMEOUT_MS } from '../base/sources.js';
import { Pending, type TimerHost } from './pending-timer.js';

/** A timer of `setTimer`, `@Timeout` or `@Interval`. */
export class DelayTimer extends Pending {
  /** @param everyMs milliseconds between two ticks of an interval; `undefined` for a timer that fires once */
  constructor(
    host: TimerHost,
    name: string,
    method: string | undefined,
    private readonly everyMs: number | undefined,
  ) {
    super(host, everyMs === undefined ? 'timeout' : 'interval', name, method);
  }

  wait(ms: number): void {
    const { clock } = this.host;
    this.dueAt = clock.now() + ms;
    if (this.#isNodeInterval)
      this.host.register(
        this,
        clock.setInterval(() => this.fire(), ms),
      );
    else this.#waitOn(ms);
  }

  fire(): void {
    const { everyMs } = this;
    if (everyMs === undefined) this.isOver = true;
    else if (this.#isNodeInterval) this.dueAt = this.host.clock.now() + everyMs;
    else this.wait(everyMs);
    this.host.post(this);
  }

  override stop(): void {
    const handle = this.handle as NodeJS.Timeout;
    if (this.#isNodeInterval) this.host.clock.clearInterval(handle);
    else this.host.clock.clearTimeout(handle);
    this.host.unregister(this);
  }

  /** Node turns a timeout above MAX_TIMEOUT_MS into 1 ms, so a longer wait is made of several timeouts. */
  #waitOn(ms: number): void {
    const { clock } = this.host;
    const handle = clock.setTimeout(
      () => {
        this.host.unregister(this);
        const rest = ms > MAX_TIMEOUT_MS ? Math.ceil(this.dueAt! - clock.now()) : 0;
        if (rest > 0) this.#waitOn(rest);
        else this.fire();
      },
      Math.min(ms, MAX_TIMEOUT_MS),
    );
    this.host.register(this, handle);
  }

  get #isNodeInterval(): boolean {
    return this.everyMs !== undefined && this.everyMs <= MAX_TIMEOUT_MS;
  }
}
