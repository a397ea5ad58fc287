import type { PeerLink } from '../cluster/links/peer-link.js';
import { CALL, kindOf, TO_OWNER, TO_CHANNEL } from './messages.js';

/** One of the parts that talk with another node over the same link: as the owner of rooms, as the edge of clients, or by calls. */
export interface PeerPart {
  received(message: Buffer): void;
  /** The link was behind, and now nothing waits any more. */
  drained?(): void;
  down(reason: string): void;
}

/** Another node, for as long as one link with it lasts. */
export interface PeerParts {
  /** For the clients whose sockets are at the other node. */
  readonly owner: PeerPart;
  /** For the clients here whose rooms are at the other node. */
  readonly edge: PeerPart;
  readonly calls: PeerPart;
}

export type MakeParts<Parts extends PeerParts> = (link: PeerLink) => Parts;

/** The nodes that this one talks with. */
export class Peers<Parts extends PeerParts> {
  readonly #peers = new Map<PeerLink, Parts>();

  constructor(private readonly make: MakeParts<Parts>) {}

  of(link: PeerLink): Parts {
    let parts = this.#peers.get(link);
    if (parts === undefined) this.#peers.set(link, (parts = this.make(link)));
    return parts;
  }

  get all(): readonly Parts[] {
    return [...this.#peers.values()];
  }

  received(link: PeerLink, message: Buffer): void {
    const parts = this.of(link);
    const kind = kindOf(message);
    if (kind >= CALL.request) parts.calls.received(message);
    else if (kind >= TO_CHANNEL.admitted) parts.edge.received(message);
    else if (kind >= TO_OWNER.arrive) parts.owner.received(message);
  }

  drained(link: PeerLink): void {
    this.#peers.get(link)?.edge.drained?.();
  }

  down(link: PeerLink, reason: string): void {
    const parts = this.#peers.get(link);
    if (parts === undefined) return;
    this.#peers.delete(link);
    parts.edge.down(reason);
    parts.owner.down(reason);
    parts.calls.down(reason);
  }
}
