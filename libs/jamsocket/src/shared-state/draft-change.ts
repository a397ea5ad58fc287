import { ArrayNode } from './array-node.js';
import type { Change, Container, DraftNode } from './draft-node.js';
import { ObjectNode } from './object-node.js';

/** One change of a value: its drafts are open until it is over. */
export class DraftChange implements Change {
  isOver = false;
  growth = 0;
  readonly root: DraftNode;

  /** @param base a normal form */
  constructor(base: unknown) {
    this.root = this.nodeFor(base as Container, null, 0);
  }

  nodeFor(base: Container, parent: DraftNode | null, depth: number): DraftNode {
    return Array.isArray(base) ? new ArrayNode(base, this, parent, depth) : new ObjectNode(base, this, parent, depth);
  }
}
