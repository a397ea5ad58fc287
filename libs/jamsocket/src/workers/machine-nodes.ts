import type { Channel } from './messages.js';

/** The nodes of this machine's workers in a cluster that has others, too. */
export class MachineNodes {
  #all: ReadonlySet<string> = new Set();
  #own: string | undefined;

  constructor(private readonly channel: Channel) {
    channel.listen((message) => {
      if (message.jamsocket === 'nodes') this.#all = new Set(message.nodes);
    });
  }

  /** Includes the one of this process. */
  get all(): ReadonlySet<string> {
    return this.#all;
  }

  /** Names the node of this process. */
  tell(node: string): void {
    if (node === this.#own) return;
    this.#own = node;
    this.channel.send({ jamsocket: 'node', node }).catch(() => undefined);
  }
}
