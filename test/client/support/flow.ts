import type { Socket } from 'node:net';

export interface Cut {
  /** How much of the flow still gets through. */
  readonly afterBytes: number;
  /** @returns whether the cut is made: otherwise everything gets through */
  make(): boolean;
}

const MAX_DELAY_MS = 3;

/** One direction of a connection: chunks split and delayed at random, in order, until the cut. */
export class Flow {
  #bytesLeft: number;
  /** What has been passed on so far; the next chunk waits for it. */
  #last = Promise.resolve();

  constructor(
    from: Socket,
    private readonly to: Socket,
    private readonly random: () => number,
    private readonly cut: Cut | undefined,
  ) {
    this.#bytesLeft = cut?.afterBytes ?? Infinity;
    from.on('data', (chunk: Buffer) => this.#queue(() => this.#pass(chunk)));
    from.on('end', () => this.#queue(async () => this.#end()));
  }

  #queue(step: () => Promise<void>): void {
    this.#last = this.#last.then(step);
  }

  async #pass(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && this.#bytesLeft > 0) {
      const part = rest.subarray(0, Math.min(this.#bytesLeft, 1 + Math.floor(this.random() * 2 * rest.length)));
      await this.#delay();
      this.#write(part);
      rest = rest.subarray(part.length);
      this.#bytesLeft -= part.length;
      if (this.#bytesLeft === 0 && !this.cut!.make()) this.#bytesLeft = Infinity;
    }
  }

  #delay(): Promise<void> {
    const how = this.random();
    if (how < 0.7) return Promise.resolve();
    return new Promise((resolve) => {
      if (how < 0.9) setImmediate(resolve);
      else setTimeout(resolve, this.random() * MAX_DELAY_MS);
    });
  }

  #write(bytes: Buffer): void {
    if (this.to.writable) this.to.write(bytes);
  }

  #end(): void {
    if (this.#bytesLeft > 0) this.to.end();
    else this.to.destroy();
  }
}
