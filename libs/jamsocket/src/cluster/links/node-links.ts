import { inDetachedContext } from '../../base/async-context.js';
import type { JamsocketClock, JamsocketRandom } from '../../base/sources.js';
import type { Relay } from '../relay.js';
import { isIncarnation } from '../assert-incarnation.js';
import { CreditPool } from './credits.js';
import { LinkCounts } from './link-counts.js';
import { decodeHead, encodeFrame, FRAME, PROTOCOL, type FrameHead } from './link-frame.js';
import { OwnEcho } from './own-echo.js';
import { PeerLink, type LinkHost, type LinkLimits, type LinkUser } from './peer-link.js';

export interface LinksSettings extends LinkLimits {
  /** Most bytes under way to this node, from all others together. */
  readonly maxBytesUnderWay: number;
  /** Milliseconds between beats: each link sends one, and this node an echo to itself. */
  readonly beatMs: number;
  /** All links are cut after this many beats in which this node has not heard itself. */
  readonly deafBeats: number;
}

export const LINKS_DEFAULTS: LinksSettings = {
  maxWaitingBytes: 64 * 1_024 * 1_024,
  maxHaltedBytes: 8 * 1_024 * 1_024,
  maxMessageBytes: 64 * 1_024 * 1_024,
  silentBeats: 3,
  maxBytesUnderWay: 4 * 1_024 * 1_024,
  beatMs: 1_000,
  deafBeats: 10,
};

/**
 * The links of this node with others, over a relay. Once a second each link sends a beat, and the node sends a message to
 * itself: if that does not arrive, the node is deaf and connects again.
 */
export class NodeLinks implements LinkHost {
  readonly pool: CreditPool;
  readonly #links = new Map<string, PeerLink>();
  /** Nodes that were heard to speak another version than this one. */
  readonly #foreign = new Map<string, number>();
  readonly #echo = new OwnEcho();
  #scheduled: PeerLink[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #flush = (): void => this.flush();

  /** @param node the incarnation of this node */
  constructor(
    private readonly relay: Relay,
    readonly node: string,
    private readonly clock: JamsocketClock,
    private readonly random: JamsocketRandom,
    readonly user: LinkUser,
    readonly limits: LinksSettings = LINKS_DEFAULTS,
    readonly counts = new LinkCounts(),
  ) {
    this.pool = new CreditPool(limits.maxBytesUnderWay);
  }

  /** Resolves when this node receives. */
  open(): Promise<void> {
    return inDetachedContext(() => {
      this.#timer = this.clock.setInterval(() => this.#beat(), this.limits.beatMs);
      return this.relay.open(this.node, (bytes) => inDetachedContext(() => this.#receive(bytes)));
    });
  }

  /** The link to a node; a new one is opened if there is none. */
  to(peer: string): PeerLink {
    const link = this.#links.get(peer);
    if (link !== undefined) return link;
    const opened = this.#add(peer);
    opened.hello();
    return opened;
  }

  find(peer: string): PeerLink | undefined {
    return this.#links.get(peer);
  }

  /** The version of a node that no link with this one is possible with, if it has been heard. */
  foreignVersionOf(peer: string): number | undefined {
    return this.#foreign.get(peer);
  }

  /** The node is gone. */
  left(peer: string): void {
    this.#foreign.delete(peer);
    this.#links.get(peer)?.cut('its lease has ended');
  }

  get all(): readonly PeerLink[] {
    return [...this.#links.values()];
  }

  /** This node does not hear itself. Others may hear it. */
  get isDeaf(): boolean {
    return this.#echo.isDeaf;
  }

  /** Cuts all links. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    for (const link of this.all) link.cut('this node closes');
    this.#isClosed = true;
    if (this.#timer !== undefined) this.clock.clearInterval(this.#timer);
    await this.relay.close();
  }

  /** @internal */
  transmit(peer: string, frame: Buffer): void {
    this.counts.framesSent++;
    this.counts.bytesSent += frame.length;
    this.relay.send(peer, frame);
  }

  /** @internal */
  now(): number {
    return this.clock.now();
  }

  /** @internal */
  schedule(link: PeerLink): void {
    if (this.#scheduled.push(link) === 1) setImmediate(this.#flush);
  }

  /** Sends what waits now, and not at the end of the tick. */
  flush(): void {
    const scheduled = this.#scheduled;
    this.#scheduled = [];
    for (const link of scheduled) link.flush();
  }

  /** @internal */
  forget(link: PeerLink): void {
    if (this.#links.get(link.peer) === link) this.#links.delete(link.peer);
  }

  /** @internal */
  noteGap(): void {
    this.counts.gaps++;
  }

  #beat(): void {
    if (this.#echo.beat()) {
      this.counts.reconnects++;
      this.relay.reconnect();
    }
    this.relay.send(this.node, this.#bare(FRAME.echo, 0, this.#echo.next()));
    const isCutOff = this.#echo.beatsUnheard > this.limits.deafBeats;
    for (const link of this.all) {
      if (isCutOff) link.cut('this node hears nobody');
      else link.beat(this.isDeaf);
    }
  }

  #receive(bytes: Buffer): void {
    const head = decodeHead(bytes);
    if (head === undefined || this.#isClosed) return;
    this.counts.framesReceived++;
    this.counts.bytesReceived += bytes.length;
    if (head.from === this.node) return this.#heardItself(head);
    if (head.version !== PROTOCOL) return this.#heardForeign(head);
    if (this.#foreign.size > 0) this.#foreign.delete(head.from);
    if (head.kind === FRAME.reset) return this.#reset(head);
    if (head.kind === FRAME.hello) return this.#hello(head);
    const link = this.#links.get(head.from);
    if (link?.epoch !== head.toEpoch) return this.#refuse(head);
    // If the link is not up, its hello was lost, and the frame will be sent again.
    if (link.isUp && link.peerEpoch === head.fromEpoch) link.frame(head, bytes);
    else if (link.isUp) this.#refuse(head);
  }

  #heardItself({ sequence }: FrameHead): void {
    if (this.#echo.heard(sequence)) for (const link of this.all) link.heard();
  }

  #hello(head: FrameHead): void {
    const link = this.#links.get(head.from);
    if (head.toEpoch !== 0) {
      if (link?.epoch === head.toEpoch) link.greeted(head);
      else this.#refuse(head);
      return;
    }
    if (link?.isUp && link.peerEpoch !== head.fromEpoch) link.end('the other node has begun anew');
    const current = this.#links.get(head.from) ?? this.#add(head.from);
    current.greeted(head);
    current.hello();
  }

  #reset(head: FrameHead): void {
    const link = this.#links.get(head.from);
    const isMeant =
      link !== undefined &&
      (head.toEpoch === link.epoch || (head.fromEpoch !== 0 && head.fromEpoch === link.peerEpoch));
    if (isMeant) link.end('the other node has ended it');
  }

  /** Nothing of the frame is read except its head, which all versions share. */
  #heardForeign(head: FrameHead): void {
    const { from, version } = head;
    if (!isIncarnation(from)) return;
    const isNew = this.#foreign.get(from) !== version;
    this.#foreign.set(from, version);
    if (head.kind !== FRAME.reset) this.#refuse(head);
    this.#links.get(from)?.end(`the other node speaks version ${version} of the links, and this node ${PROTOCOL}`);
    if (isNew) this.user.foreign(from, version);
  }

  /** The frame belongs to no link or to another version, so its sender has to begin anew. */
  #refuse(head: FrameHead): void {
    this.transmit(head.from, this.#bare(FRAME.reset, head.fromEpoch, 0));
  }

  #add(peer: string): PeerLink {
    const link = new PeerLink(peer, this.random.uint32() || 1, this);
    this.#links.set(peer, link);
    return link;
  }

  #bare(kind: number, toEpoch: number, sequence: number): Buffer {
    const { node: from } = this;
    const head = { version: PROTOCOL, kind, from, fromEpoch: 0, toEpoch, sequence, received: 0, grant: 0 };
    return encodeFrame(head, 0);
  }
}
