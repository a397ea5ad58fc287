import type { Link } from '../outbox/link.js';
import type { Outbox, Outlet } from '../outbox/outbox.js';
import { frameMessage } from '../peers/frame-messages.js';
import { messageOf, TO_MIRROR } from '../peers/messages.js';
import { Frame } from '../wire/frame.js';
import type { EdgeNode } from './edge-node.js';
import { RemoteLink } from './remote-link.js';

/** What one edge has of the room: an outbox with the room's clients at that edge. */
class Mirror {
  readonly number: number;
  members = 0;

  constructor(readonly edge: EdgeNode) {
    this.number = edge.nextMirror();
  }

  tell(kind: number, { link }: RemoteOutlet): void {
    const channel = Buffer.allocUnsafe(4);
    channel.writeUInt32LE(link.channel);
    this.edge.send(messageOf(kind, this.number, channel));
  }

  broadcast(frame: Frame): void {
    // The edge decides for each of its clients whether it skips a volatile frame.
    if (frame.isVolatile) this.edge.send(frameMessage(TO_MIRROR.broadcast, this.number, frame, []));
    else this.edge.broadcast(this.number, frame);
  }

  send(kind: number, frame: Frame, outlets: readonly RemoteOutlet[]): void {
    const channels = outlets.map(({ link }) => link.channel);
    this.edge.send(frameMessage(kind, this.number, frame, channels));
  }
}

class RemoteOutlet implements Outlet {
  hasLeft = false;

  constructor(
    readonly link: RemoteLink,
    readonly mirror: Mirror,
  ) {}
}

/**
 * The outbox of a room in a cluster. Clients of this node have the outbox that they would have without a cluster. An edge gets
 * each message once, with the numbers of its recipients, and has such an outbox for its own clients.
 */
export class ClusterOutbox implements Outbox {
  readonly #mirrors = new Map<EdgeNode, Mirror>();

  /** @param local the outbox of the clients whose sockets are here */
  constructor(private readonly local: Outbox) {}

  join(link: Link): Outlet {
    if (!(link instanceof RemoteLink)) return this.local.join(link);
    let mirror = this.#mirrors.get(link.edge);
    if (mirror === undefined) this.#mirrors.set(link.edge, (mirror = new Mirror(link.edge)));
    const outlet = new RemoteOutlet(link, mirror);
    mirror.members++;
    mirror.tell(TO_MIRROR.enter, outlet);
    return outlet;
  }

  leave(outlet: Outlet): void {
    if (!(outlet instanceof RemoteOutlet)) return this.local.leave(outlet);
    if (outlet.hasLeft) return;
    outlet.hasLeft = true;
    const { mirror } = outlet;
    mirror.tell(TO_MIRROR.leave, outlet);
    if (--mirror.members === 0) this.#mirrors.delete(mirror.edge);
  }

  broadcast(frame: Frame): void {
    this.local.broadcast(frame);
    if (this.#mirrors.size === 0) return;
    for (const mirror of this.#mirrors.values()) mirror.broadcast(frame);
  }

  broadcastExcept(frame: Frame, excluded: readonly Outlet[]): void {
    const { here, there } = divide(excluded);
    this.local.broadcastExcept(frame, here);
    for (const mirror of this.#mirrors.values()) {
      const outlets = there.get(mirror);
      if (outlets === undefined) mirror.broadcast(frame);
      else if (outlets.length < mirror.members) mirror.send(TO_MIRROR.except, frame, outlets);
    }
  }

  sendTo(frame: Frame, outlet: Outlet): void {
    if (!(outlet instanceof RemoteOutlet)) return this.local.sendTo(frame, outlet);
    if (!outlet.hasLeft) outlet.mirror.send(TO_MIRROR.send, frame, [outlet]);
  }

  sendText(text: string, outlet: Outlet): void {
    if (outlet instanceof RemoteOutlet) this.sendTo(Frame.text(text), outlet);
    else this.local.sendText(text, outlet);
  }

  send(frame: Frame, outlets: readonly Outlet[]): void {
    if (this.#mirrors.size === 0) return this.local.send(frame, outlets);
    const { here, there } = divide(outlets);
    if (here.length > 0) this.local.send(frame, here);
    for (const [mirror, members] of there) mirror.send(TO_MIRROR.send, frame, members);
  }

  sendAll(frames: readonly Frame[], outlet: Outlet): void {
    if (outlet instanceof RemoteOutlet) for (const frame of frames) this.sendTo(frame, outlet);
    else this.local.sendAll(frames, outlet);
  }

  after(action: () => void): void {
    this.local.after(action);
  }

  get hasWaiting(): boolean {
    return this.local.hasWaiting;
  }

  get isGated(): boolean {
    return this.local.isGated;
  }

  sendPast(frames: readonly Frame[], outlet: Outlet): boolean {
    if (!(outlet instanceof RemoteOutlet)) return this.local.sendPast(frames, outlet);
    this.sendAll(frames, outlet);
    return true;
  }

  flushTo(outlet: Outlet): void {
    if (!(outlet instanceof RemoteOutlet)) this.local.flushTo(outlet);
    else if (!outlet.hasLeft) outlet.mirror.tell(TO_MIRROR.flush, outlet);
  }

  chunkRead(outlet: Outlet): void {
    if (!(outlet instanceof RemoteOutlet)) this.local.chunkRead(outlet);
  }

  /** The edge reports what waits there as the link's. */
  queuedBytes(outlet: Outlet): number {
    return outlet instanceof RemoteOutlet ? 0 : this.local.queuedBytes(outlet);
  }
}

/** Outlets that have left are left out of `there`. */
function divide(outlets: readonly Outlet[]): { here: Outlet[]; there: Map<Mirror, RemoteOutlet[]> } {
  const here: Outlet[] = [];
  const there = new Map<Mirror, RemoteOutlet[]>();
  for (const outlet of outlets) {
    if (!(outlet instanceof RemoteOutlet)) {
      here.push(outlet);
    } else if (!outlet.hasLeft) {
      const members = there.get(outlet.mirror);
      if (members === undefined) there.set(outlet.mirror, [outlet]);
      else members.push(outlet);
    }
  }
  return { here, there };
}
