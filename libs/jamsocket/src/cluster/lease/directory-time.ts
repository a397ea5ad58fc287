/** The directory's clock, as far as this node knows it: deadlines of calls are times on that clock. */
export class DirectoryTime {
  #known: { readonly monotonic: number; readonly directory: number } | undefined;

  /** A renewal that was sent at `monotonic` has told the directory's time. */
  learn(monotonic: number, directory: number): void {
    this.#known = { monotonic, directory };
  }

  /** The directory's clock has jumped. The next renewal has no deadline and tells the new time. */
  forget(): void {
    this.#known = undefined;
  }

  /** The directory's time at a time of this node's clock; `undefined` if it is not known yet. */
  at(monotonic: number): number | undefined {
    const known = this.#known;
    return known === undefined ? undefined : known.directory + monotonic - known.monotonic;
  }
}
