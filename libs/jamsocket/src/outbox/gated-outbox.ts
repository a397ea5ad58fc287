import { Frame } from '../wire/frame.js';
import type { Link } from './link.js';
import type { Outbox, Outlet } from './outbox.js';

/** What a gate calls. */
export interface GateOwner {
  /** A first step waits at the gate, which was empty. */
  gateWaits(): void;
  /** More bytes wait than allowed. Called once until something is released, and never in the middle of a send. */
  gateOverflows(): void;
}

/** A member of a gated outbox. */
class GatedOutlet implements Outlet {
  /** The outlet in the open outbox; `null` until the join has been released. */
  open: Outlet | null = null;
  hasLeft = false;

  constructor(readonly link: Link) {}
}

/** Shared by all gates, so it must stay empty. */
const NONE: Waiting[] = [];

/** A send, join or action that waits. */
interface Waiting {
  /** 0 if the step is not a frame. */
  readonly bytes: number;
  readonly go: () => void;
}

/**
 * An output gate: messages wait here, in order, until the commit with the turn that sent them is durable. So no client sees
 * what a crash could undo. Joins wait in the same queue, so that a member gets exactly what was sent after it joined.
 */
export class GatedOutbox implements Outbox {
  /** `NONE` while nothing waits: most rooms are idle. */
  #waiting: Waiting[] = NONE;
  #bytes = 0;
  /** Number of steps released so far. */
  #released = 0;
  #hasOverflowed = false;
  /** Number of members, including those whose join waits. */
  #members = 0;
  #cancelled: Set<() => void> | null = null;

  constructor(
    /** The outbox after the gate. Messages sent to it directly do not wait. */
    readonly open: Outbox,
    /** Bytes of frames that may wait. */
    readonly maxBytes: number,
    private readonly owner: GateOwner,
  ) {}

  /** Bytes of the waiting frames. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /** Marks everything sent so far, for `release`. */
  get mark(): number {
    return this.#released + this.#waiting.length;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether something waits that was sent before the mark was taken. */
  isWaitingBefore(mark: number): boolean {
    return mark > this.#released;
  }

  /** Whether something waits that was sent after the mark was taken. */
  isWaitingAfter(mark: number): boolean {
    return this.hasWaiting && this.mark > mark;
  }

  /** Releases everything that was sent before the mark was taken. */
  release(mark: number): void {
    if (!this.isWaitingBefore(mark)) return;
    const count = mark - this.#released;
    this.#released = mark;
    this.#hasOverflowed = false;
    for (const { bytes, go } of this.#take(count)) {
      this.#bytes -= bytes;
      go();
    }
  }

  /** Takes the first `count` steps. An empty queue keeps no memory. */
  #take(count: number): readonly Waiting[] {
    const all = this.#waiting;
    if (count < all.length) return all.splice(0, count);
    this.#waiting = NONE;
    return all;
  }

  /** Drops the waiting frames: the clients that would get them have been closed. */
  dropFrames(): void {
    this.#bytes = 0;
    this.#waiting = this.#waiting.map((step) => (step.bytes === 0 ? step : NOTHING));
  }

  /** Drops everything that waits. */
  discard(): void {
    this.#released = this.mark;
    this.#waiting = NONE;
    this.#bytes = 0;
    const all = this.#cancelled ?? [];
    this.#cancelled = null;
    for (const cancelled of all) cancelled();
  }

  /** @param cancelled called instead of `action` on `discard` */
  after(action: () => void, cancelled?: () => void): void {
    if (cancelled === undefined) return this.#add(0, action);
    (this.#cancelled ??= new Set()).add(cancelled);
    this.#add(0, () => {
      this.#cancelled?.delete(cancelled);
      if (this.#cancelled?.size === 0) this.#cancelled = null;
      action();
    });
  }

  join(link: Link): GatedOutlet {
    const outlet = new GatedOutlet(link);
    this.#members++;
    this.#add(0, () => {
      if (!outlet.hasLeft) outlet.open = this.open.join(link);
    });
    return outlet;
  }

  leave(outlet: GatedOutlet): void {
    if (outlet.hasLeft) return;
    outlet.hasLeft = true;
    this.#members--;
    if (outlet.open !== null) this.open.leave(outlet.open);
    outlet.open = null;
  }

  broadcast(frame: Frame): void {
    if (this.#members > 0) this.#add(frame.bytes, () => this.open.broadcast(frame));
  }

  broadcastExcept(frame: Frame, excluded: readonly GatedOutlet[]): void {
    if (this.#members > 0) this.#add(frame.bytes, () => this.open.broadcastExcept(frame, openOf(excluded)));
  }

  sendTo(frame: Frame, outlet: GatedOutlet): void {
    if (outlet.hasLeft) return;
    this.#add(frame.bytes, () => {
      if (outlet.open !== null) this.open.sendTo(frame, outlet.open);
    });
  }

  sendText(text: string, outlet: GatedOutlet): void {
    this.sendTo(Frame.text(text), outlet);
  }

  send(frame: Frame, outlets: readonly GatedOutlet[]): void {
    if (outlets.some(({ hasLeft }) => !hasLeft)) this.#add(frame.bytes, () => this.open.send(frame, openOf(outlets)));
  }

  sendAll(frames: readonly Frame[], outlet: GatedOutlet): void {
    if (outlet.hasLeft) return;
    // They are of the replay log, which has a bound of its own.
    this.#add(1, () => {
      if (outlet.open !== null) this.open.sendAll(frames, outlet.open);
    });
  }

  get isGated(): boolean {
    return true;
  }

  sendPast(frames: readonly Frame[], { open, hasLeft }: GatedOutlet): boolean {
    return open === null ? hasLeft : this.open.sendPast(frames, open);
  }

  flushTo({ open }: GatedOutlet): void {
    if (open !== null) this.open.flushTo(open);
  }

  chunkRead({ open }: GatedOutlet): void {
    if (open !== null) this.open.chunkRead(open);
  }

  queuedBytes({ open }: GatedOutlet): number {
    return open === null ? 0 : this.open.queuedBytes(open);
  }

  #add(bytes: number, go: () => void): void {
    this.#bytes += bytes;
    if (this.#waiting.length === 0) {
      this.#waiting = [{ bytes, go }];
      this.owner.gateWaits();
    } else this.#waiting.push({ bytes, go });
    if (this.#bytes <= this.maxBytes || this.#hasOverflowed) return;
    this.#hasOverflowed = true;
    // Later: the sender has not finished with this frame yet.
    queueMicrotask(() => this.owner.gateOverflows());
  }
}

const NOTHING: Waiting = { bytes: 0, go: () => undefined };

/** The outlets of those that have passed the gate. */
function openOf(outlets: readonly GatedOutlet[]): Outlet[] {
  return outlets.flatMap(({ open }) => open ?? []);
}
