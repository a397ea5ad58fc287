/** A timer of the virtual clock. It is passed to callers in place of a `NodeJS.Timeout`. */
export class VirtualTimer {
  constructor(
    readonly callback: () => void,
    readonly ms: number,
    readonly isRepeating: boolean,
    /** Milliseconds since the start of the clock. */
    public due: number,
  ) {}

  /** The call that set the timer. */
  toString(): string {
    return `${this.isRepeating ? 'setInterval' : 'setTimeout'}(…, ${this.ms})`;
  }

  // A virtual timer never keeps the process alive, so these have no effect.
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}
