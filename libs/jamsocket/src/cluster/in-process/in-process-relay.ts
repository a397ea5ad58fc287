import { assertIncarnation } from '../assert-incarnation.js';
import type { Relay } from '../relay.js';

/** The node of an `InProcessRelay`. */
export interface RelaySide {
  isDeaf: boolean | 'forever';
  send(incarnation: string, bytes: Buffer): void;
  forget(relay: InProcessRelay): void;
}

export class InProcessRelay implements Relay {
  #receive: ((bytes: Buffer) => void) | undefined;
  #isClosed = false;
  /** The incarnation it receives for. */
  node: string | undefined;

  constructor(private readonly side: RelaySide) {}

  async open(node: string, receive: (bytes: Buffer) => void): Promise<void> {
    assertIncarnation(node);
    this.#receive = receive;
    this.node = node;
  }

  send(node: string, bytes: Buffer): void {
    if (!this.#isClosed) this.side.send(node, bytes);
  }

  reconnect(): void {
    if (this.side.isDeaf === true) this.side.isDeaf = false;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.side.forget(this);
  }

  /** @internal */
  receive(bytes: Buffer): void {
    if (!this.#isClosed) this.#receive?.(bytes);
  }
}
