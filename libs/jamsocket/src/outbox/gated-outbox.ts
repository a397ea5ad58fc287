import { Frame } from '../wire/frame.js';
import type { Link } from './link.js';
import type { Outbox, Outlet } from './outbox.js';

/** A member of a gated outbox. */
class GatedOutlet implements Outlet {
  /** Its outlet behind the gate, once its joining has been let out. */
  open: Outlet | null = null;
  hasLeft = false;

  constructor(readonly link: Link) {}
}

/**
 * An output gate: what a room sends waits here, in order, until the commit that holds the turn it was sent in is
 * durable. So nobody sees what a crash could undo. Who joins waits in the same line, so that each member gets what
 * was sent after it joined, and nothing from before.
 */
export class GatedOutbox implements Outbox {
  #waiting: (() => void)[] = [];
  #bytes = 0;
  /** How many have been let out so far. */
  #released = 0;
  readonly #cancelled = new Set<() => void>();

  constructor(
    /** The way out behind the gate; what is sent to it directly does not wait. */
    readonly open: Outbox,
    /** Something waits at the gate. */
    private readonly waits: () => void,
  ) {}

  /** Bytes of frames that wait. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /** Marks all that has been sent so far, for `release`. */
  get mark(): number {
    return this.#released + this.#waiting.length;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Lets out what was sent before the mark was taken. */
  release(mark: number): void {
    const count = mark - this.#released;
    if (count <= 0) return;
    this.#released = mark;
    for (const go of this.#waiting.splice(0, count)) go();
  }

  /** Lets go of everything: it never leaves. */
  discard(): void {
    this.#released = this.mark;
    this.#waiting = [];
    this.#bytes = 0;
    for (const cancelled of this.#cancelled) cancelled();
    this.#cancelled.clear();
  }

  /** @param cancelled called instead if what waits is discarded */
  after(action: () => void, cancelled?: () => void): void {
    if (cancelled === undefined) return this.#add(0, action);
    this.#cancelled.add(cancelled);
    this.#add(0, () => {
      this.#cancelled.delete(cancelled);
      action();
    });
  }

  join(link: Link): GatedOutlet {
    const outlet = new GatedOutlet(link);
    this.#add(0, () => {
      if (!outlet.hasLeft) outlet.open = this.open.join(link);
    });
    return outlet;
  }

  leave(outlet: GatedOutlet): void {
    outlet.hasLeft = true;
    if (outlet.open !== null) this.open.leave(outlet.open);
    outlet.open = null;
  }

  broadcast(frame: Frame): void {
    this.#add(frame.bytes, () => this.open.broadcast(frame));
  }

  broadcastExcept(frame: Frame, excluded: readonly GatedOutlet[]): void {
    this.#add(frame.bytes, () => this.open.broadcastExcept(frame, openOf(excluded)));
  }

  sendTo(frame: Frame, outlet: GatedOutlet): void {
    this.#add(frame.bytes, () => {
      if (outlet.open !== null) this.open.sendTo(frame, outlet.open);
    });
  }

  sendText(text: string, outlet: GatedOutlet): void {
    this.sendTo(Frame.text(text), outlet);
  }

  send(frame: Frame, outlets: readonly GatedOutlet[]): void {
    this.#add(frame.bytes, () => this.open.send(frame, openOf(outlets)));
  }

  sendAll(frames: readonly Frame[], outlet: GatedOutlet): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.bytes, 0);
    this.#add(bytes, () => {
      if (outlet.open !== null) this.open.sendAll(frames, outlet.open);
    });
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

  #add(bytes: number, action: () => void): void {
    this.#bytes += bytes;
    this.#waiting.push(
      bytes === 0
        ? action
        : () => {
            this.#bytes -= bytes;
            action();
          },
    );
    if (this.#waiting.length === 1) this.waits();
  }
}

/** Of those that are members behind the gate. */
function openOf(outlets: readonly GatedOutlet[]): Outlet[] {
  return outlets.flatMap(({ open }) => open ?? []);
}
