import type { Relay } from '../../cluster/relay.js';

/** A node of a test, and what it has received. */
export class RelayNode {
  readonly received: Buffer[] = [];
  #wake: (() => void) | undefined;

  constructor(
    readonly relay: Relay,
    readonly name: string,
  ) {}

  open(): Promise<void> {
    return this.relay.open(this.name, (bytes) => {
      this.received.push(bytes);
      this.#wake?.();
    });
  }

  send(to: RelayNode, bytes: Buffer | string): void {
    this.relay.send(to.name, Buffer.from(bytes));
  }

  get texts(): readonly string[] {
    return this.received.map(String);
  }

  /** Resolves when it has received so many messages. */
  async has(count: number): Promise<void> {
    while (this.received.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Resolves when all that was sent to this node before has arrived, and nothing else had come meanwhile. */
  async settle(from: RelayNode): Promise<void> {
    from.send(this, 'settled');
    while (this.texts.at(-1) !== 'settled') await new Promise<void>((resolve) => (this.#wake = resolve));
    this.received.pop();
  }
}
