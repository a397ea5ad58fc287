import type { JamsocketClock } from '../../base/sources.js';
import { DirectoryState } from '../directory-state.js';
import { InProcessNode } from './in-process-node.js';

/**
 * A cluster within one process, for tests: each application gets a `node()` of the same hub. The test decides what fails
 * and when.
 */
export class InProcessHub {
  readonly #nodes = new Map<string, InProcessNode>();
  #state: DirectoryState;
  #servers = 1;
  /** Added to the directory's time, as if its wall clock were set. */
  clockSkewMs = 0;
  /** Milliseconds that a message is under way; 0 delivers it in the next tick of the event loop. */
  relayDelayMs = 0;
  /** Decides which messages arrive. */
  isLost: (from: string, to: string, bytes: Buffer) => boolean = () => false;

  constructor(readonly clock: JamsocketClock) {
    this.#state = this.#newState(true);
  }

  /** @param name for the test only; the directory and the relay know a node by its incarnation */
  node(name: string): InProcessNode {
    let node = this.#nodes.get(name);
    if (node === undefined) this.#nodes.set(name, (node = new InProcessNode(name, this)));
    return node;
  }

  /** The directory as it is now. */
  get directory(): DirectoryState {
    return this.#state;
  }

  /** What a replica has received so far: for `failOver`. */
  replica(): DirectoryState {
    return this.#state.copy(`server${++this.#servers}`);
  }

  /** The directory's server is lost. A replica, or an empty server, takes over. */
  failOver(replica: DirectoryState = this.#newState(false)): void {
    this.#state = replica;
  }

  /** @internal */
  relay(from: InProcessNode, incarnation: string, bytes: Buffer): void {
    const receivers = [...this.#nodes.values()].filter((node) => node.hasOpened(incarnation));
    if (from.isMute || receivers.some((node) => this.isLost(from.name, node.name, bytes))) return;
    // A copy: nodes of different processes share no memory.
    const copy = Buffer.from(bytes);
    const arrive = () => receivers.forEach((node) => node.receive(incarnation, copy));
    if (this.relayDelayMs === 0) setImmediate(arrive);
    else this.clock.setTimeout(arrive, this.relayDelayMs);
  }

  #newState(isSettled: boolean): DirectoryState {
    const now = () => this.clock.wallTime() + this.clockSkewMs;
    return new DirectoryState(`server${++this.#servers}`, now, isSettled);
  }
}
