/** Most ended leases of other nodes that are remembered. */
const MAX_LEFT = 100;

/** Is told of other nodes. Its methods must not throw. */
export interface NodesWatch {
  nodeJoined(incarnation: string): void;
  nodeLeft(incarnation: string): void;
}

/** The other nodes of the cluster, as the directory lists them. */
export class OtherNodes {
  readonly #alive = new Set<string>();
  readonly #left = new Set<string>();

  constructor(
    private readonly own: string,
    private readonly watch: NodesWatch,
  ) {}

  /** Those whose leases are alive. */
  get alive(): ReadonlySet<string> {
    return this.#alive;
  }

  /** The lease of that node has ended. Only the latest are remembered. */
  hasLeft(incarnation: string): boolean {
    return this.#left.has(incarnation);
  }

  /** The directory tells that a node has ended. */
  ended(incarnation: string): void {
    // It may have begun after the last list.
    this.#alive.delete(incarnation);
    this.#noteLeft(incarnation);
  }

  /** All nodes that the directory lists. @param isLenient a node that is missing may still come back */
  listed(nodes: readonly string[], isLenient: boolean): void {
    const alive = new Set(nodes);
    for (const node of this.#alive) {
      if (alive.has(node) || isLenient) continue;
      this.#alive.delete(node);
      this.#noteLeft(node);
    }
    for (const node of alive) {
      if (node === this.own || this.#alive.has(node)) continue;
      this.#alive.add(node);
      this.#left.delete(node);
      this.watch.nodeJoined(node);
    }
  }

  #noteLeft(node: string): void {
    this.#left.add(node);
    for (const first of this.#left) if (this.#left.size > MAX_LEFT) this.#left.delete(first);
    this.watch.nodeLeft(node);
  }
}
