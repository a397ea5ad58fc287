import type { Connection } from '../wire/connection.js';
import { Frame } from '../wire/frame.js';
import type { Outbox } from './outbox.js';

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
  /** Members whose turn to join has not come; `false` once they have left. */
  readonly #joining = new Map<Connection, boolean>();

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
    this.#joining.clear();
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

  join(connection: Connection): void {
    this.#joining.set(connection, true);
    this.#add(0, () => {
      const stays = this.#joining.get(connection);
      this.#joining.delete(connection);
      if (stays === true) this.open.join(connection);
    });
  }

  leave(connection: Connection): void {
    if (this.#joining.has(connection)) this.#joining.set(connection, false);
    this.open.leave(connection);
  }

  broadcast(frame: Frame): void {
    this.#add(frame.bytes, () => this.open.broadcast(frame));
  }

  broadcastExcept(frame: Frame, excluded: readonly Connection[]): void {
    this.#add(frame.bytes, () => this.open.broadcastExcept(frame, excluded));
  }

  sendTo(frame: Frame, connection: Connection): void {
    this.#add(frame.bytes, () => this.open.sendTo(frame, connection));
  }

  sendText(text: string, connection: Connection): void {
    this.sendTo(Frame.text(text), connection);
  }

  send(frame: Frame, connections: readonly Connection[]): void {
    this.#add(frame.bytes, () => this.open.send(frame, connections));
  }

  sendAll(frames: readonly Frame[], connection: Connection): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.bytes, 0);
    this.#add(bytes, () => {
      if (connection.isOpen) this.open.sendAll(frames, connection);
    });
  }

  flushTo(connection: Connection): void {
    this.open.flushTo(connection);
  }

  chunkRead(connection: Connection): void {
    this.open.chunkRead(connection);
  }

  queuedBytes(connection: Connection): number {
    return this.open.queuedBytes(connection);
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
