/** A timer of the virtual clock, given out as the `NodeJS.Timeout` it stands in for. */
export class VirtualTimer {
  constructor(
    readonly callback: () => void,
    readonly ms: number,
    readonly isRepeating: boolean,
    /** Milliseconds since the clock's beginning. */
    public due: number,
  ) {}

  /** As it would have been written. */
  toString(): string {
    return `${this.isRepeating ? 'setInterval' : 'setTimeout'}(…, ${this.ms})`;
  }

  // Nothing waits for virtual time, so whether a timer keeps the process alive makes no difference.
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
