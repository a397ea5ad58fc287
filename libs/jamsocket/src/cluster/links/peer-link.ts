import type { CreditPool, LinkCredit } from './credits.js';
import { Incoming } from './incoming.js';
import { encodeFrame, FRAME, headBytes, PROTOCOL, writeHead, type FrameHead } from './link-frame.js';
import { Outgoing } from './outgoing.js';

/** Is told what happens on links. Its methods must not throw. */
export interface LinkUser {
  /** The two nodes hear each other. */
  up(link: PeerLink): void;
  /** A message of the other node. The receiver may keep its memory. */
  received(link: PeerLink, message: Buffer): void;
  /**
   * Messages are about to leave; more may be sent now, which leave with them.
   * @returns false if nothing may leave now. Call `flush` of the link when it may again.
   */
  flushing(link: PeerLink): boolean;
  /** `isBehind` was true, and now nothing waits any more. */
  drained(link: PeerLink): void;
  /** The link is over. Messages that were not confirmed may be lost; another link begins anew. */
  down(link: PeerLink, reason: string): void;
  /** A node that speaks another version of the links has been heard for the first time. No link with it is possible. */
  foreign(peer: string, version: number): void;
}

/** What a link needs of its node. */
export interface LinkHost {
  readonly node: string;
  readonly pool: CreditPool;
  readonly user: LinkUser;
  readonly limits: LinkLimits;
  transmit(peer: string, frame: Buffer): void;
  /** Milliseconds on the clock. */
  now(): number;
  /** Calls `flush` of the link at the end of the tick. */
  schedule(link: PeerLink): void;
  forget(link: PeerLink): void;
  /** A frame was missed, and is sent again. */
  noteGap(): void;
}

export interface LinkLimits {
  /** A link with more bytes waiting is cut: the other node is too far behind. */
  readonly maxWaitingBytes: number;
  /** The same while nothing may leave. */
  readonly maxHaltedBytes: number;
  readonly maxMessageBytes: number;
  /** A link is cut after this many beats without a frame of the other node. */
  readonly silentBeats: number;
}

/**
 * Carries messages between this node and another, in order, each once, over a relay that may lose some. Frames are numbered;
 * what the other side misses is sent again until it is confirmed.
 *
 *   opening ──▶ up ──▶ down      (also opening ──▶ down)
 */
export class PeerLink {
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #credit: LinkCredit;
  #state: 'opening' | 'up' | 'down' = 'opening';
  #peerEpoch = 0;
  #silentBeats = 0;
  /** When the last frame arrived: milliseconds on the clock. */
  heardAt = 0;
  #isBehind = false;
  #isHalted = false;
  #owesBeat = false;
  #isScheduled = false;

  /** @param epoch a random number that names this link, not 0 */
  constructor(
    readonly peer: string,
    readonly epoch: number,
    private readonly host: LinkHost,
  ) {
    this.#outgoing = new Outgoing(headBytes(host.node));
    this.#incoming = new Incoming(host.limits.maxMessageBytes);
    this.#credit = host.pool.join();
    this.#credit.refill();
  }

  /** Sends what waits, as far as the other node can take it. One function for each link, so that it waits only once for a permit. */
  readonly flush = (): void => {
    const isUp = this.#state === 'up';
    this.#isHalted = isUp && !this.host.user.flushing(this);
    this.#isScheduled = false;
    // It may have been cut, since too much waits.
    if (!isUp || this.isDown) return;
    if (!this.#isHalted) this.#sendWaiting();
    if (this.#owesBeat) this.#transmit(FRAME.beat);
    const wasBehind = this.#isBehind;
    this.#isBehind = this.#outgoing.isWaiting;
    if (wasBehind && !this.#isBehind) this.host.user.drained(this);
  };

  get isUp(): boolean {
    return this.#state === 'up';
  }

  get isDown(): boolean {
    return this.#state === 'down';
  }

  get peerEpoch(): number {
    return this.#peerEpoch;
  }

  /** Bytes that wait until the other node can take them. */
  get waitingBytes(): number {
    return this.#outgoing.waitingBytes;
  }

  /** The other node or the relay takes less than is sent, or nothing may leave now. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /**
   * Sends a message at the end of the tick, together with others. Does nothing if the link is down.
   * @param message must not be changed afterwards
   * @param headroom free bytes before the message in its memory. With `HEADROOM_BYTES` of them, a long message is not copied.
   */
  send(message: Buffer, headroom = 0): void {
    if (this.#state === 'down') return;
    this.#outgoing.add(message, headroom);
    const { waitingBytes } = this.#outgoing;
    const { maxWaitingBytes, maxHaltedBytes } = this.host.limits;
    if (waitingBytes > maxWaitingBytes) return this.cut('the other node is too far behind');
    if (this.#isHalted && waitingBytes > maxHaltedBytes)
      return this.cut('too much waits while this node may not run its rooms');
    this.#schedule();
  }

  /** Has `LinkUser.flushing` called at the end of the tick, although nothing was sent yet. */
  flushSoon(): void {
    this.#schedule();
  }

  /** Ends the link, here and at the other node. */
  cut(reason: string): void {
    if (this.#state === 'down') return;
    this.#transmit(FRAME.reset);
    this.end(reason);
  }

  /** @internal Ends it without telling the other node. */
  end(reason: string): void {
    if (this.#state === 'down') return;
    this.#state = 'down';
    this.#credit.leave();
    this.host.forget(this);
    this.host.user.down(this, reason);
  }

  /** @internal Asks the other node for a link, or answers it. */
  hello(): void {
    this.#transmit(FRAME.hello);
  }

  /** @internal The other node has said hello. */
  greeted({ fromEpoch, grant }: FrameHead): void {
    if (this.#state !== 'opening') return;
    this.#state = 'up';
    this.#silentBeats = 0;
    this.#peerEpoch = fromEpoch;
    this.#outgoing.confirm(0, grant);
    this.#schedule();
    this.host.user.up(this);
  }

  /** @internal A data frame, a beat, or a request to send again. */
  frame(head: FrameHead, bytes: Buffer): void {
    this.#silentBeats = 0;
    this.heardAt = this.host.now();
    this.#outgoing.confirm(head.received, head.grant);
    if (head.kind === FRAME.again) this.#sendAgain(head.received);
    const { received } = this.#incoming;
    if (head.kind === FRAME.data && head.sequence === received + 1) this.#take(bytes);
    else if (head.sequence > received) this.#askAgain();
    // The grant may let waiting messages go.
    if (this.#outgoing.isWaiting) this.#schedule();
  }

  /** @internal Once a second. @param isDeaf this node hears nobody, so it cannot tell whether the other one is silent */
  beat(isDeaf: boolean): void {
    if (!isDeaf) this.#silentBeats++;
    if (this.#silentBeats > this.host.limits.silentBeats)
      return this.cut(this.isUp ? 'the other node is silent' : 'the other node does not answer');
    this.#incoming.beat();
    if (this.isUp) this.#transmit(FRAME.beat);
    else this.hello();
  }

  /** @internal This node hears again: whatever it has missed is sent at once. */
  heard(): void {
    if (this.isUp) this.#transmit(FRAME.again);
  }

  #sendWaiting(): void {
    for (let bytes = this.#outgoing.next(); bytes > 0; bytes = this.#outgoing.next()) {
      const frame = this.#outgoing.take(bytes);
      writeHead(frame, this.#head(FRAME.data));
      this.#owesBeat = false;
      this.host.transmit(this.peer, frame);
    }
  }

  #take(bytes: Buffer): void {
    this.#credit.use(bytes.length);
    if (this.#credit.refill()) {
      this.#owesBeat = true;
      this.#schedule();
    }
    const fault = this.#incoming.read(bytes, headBytes(this.peer), (message) => {
      if (this.#state === 'up') this.host.user.received(this, message);
    });
    if (fault !== undefined) this.cut(fault);
  }

  #askAgain(): void {
    if (!this.#incoming.noteGap()) return;
    this.host.noteGap();
    this.#transmit(FRAME.again);
  }

  #sendAgain(received: number): void {
    for (const frame of this.#outgoing.after(received)) this.host.transmit(this.peer, frame);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#state !== 'up') return;
    this.#isScheduled = true;
    this.host.schedule(this);
  }

  #transmit(kind: number): void {
    this.#owesBeat = false;
    this.host.transmit(this.peer, encodeFrame(this.#head(kind), 0));
  }

  #head(kind: number): FrameHead {
    return {
      version: PROTOCOL,
      kind,
      from: this.host.node,
      fromEpoch: this.epoch,
      toEpoch: this.#peerEpoch,
      sequence: this.#outgoing.sequence,
      received: this.#incoming.received,
      grant: this.#credit.granted,
    };
  }
}
