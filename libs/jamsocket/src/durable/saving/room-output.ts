import { inDetachedContext } from '../../base/async-context.js';
import type { JamsocketClock } from '../../base/sources.js';
import { GatedOutbox, type GateOwner } from '../../outbox/gated-outbox.js';
import type { Outbox } from '../../outbox/outbox.js';
import type { DurableRoom } from '../durable-room.js';
import { floodedGate } from '../room-refusals.js';
import { UnsavedOutput } from './unsaved-output.js';

/** What the output of a room needs of it. */
export interface OutputOwner {
  readonly room: DurableRoom;
  readonly clock: JamsocketClock;
  /** Something waits at the gate, which was empty. */
  outputWaits(): void;
  /** The output has waited for too long. */
  isWaiting(): void;
}

/** What a room with `save: 'turn'` sends: it leaves when it is safe, and its clients do not wait for that without limit. */
export class RoomOutput implements GateOwner {
  readonly gate: GatedOutbox;
  /** `null` unless it has met trouble. */
  #unsaved: UnsavedOutput | null = null;
  /** The oldest step at the gate came at this time or later, on the clock. */
  #gatedSince = 0;

  /** @param maxBytes of frames that may wait */
  constructor(
    open: Outbox,
    maxBytes: number,
    private readonly owner: OutputOwner,
  ) {
    this.gate = new GatedOutbox(open, maxBytes, this);
  }

  /** More waits than may, or the state cannot be saved for a while now. */
  get isStuck(): boolean {
    return this.#unsaved !== null && this.#unsaved.isStuck;
  }

  /** What waits, and how long the oldest of it has waited at most; `undefined` if nothing does. */
  get waiting(): { readonly bytes: number; readonly forMs: number } | undefined {
    return this.gate.hasWaiting ? { bytes: this.gate.waitingBytes, forMs: this.#waitedMs } : undefined;
  }

  get #waitedMs(): number {
    return this.owner.clock.now() - this.#gatedSince;
  }

  gateWaits(): void {
    this.#gatedSince = this.owner.clock.now();
    this.owner.outputWaits();
  }

  gateOverflows(): void {
    const { waitingBytes, maxBytes } = this.gate;
    if (waitingBytes <= maxBytes) return;
    this.#trouble().isFlooded = true;
    const { room } = this.owner;
    room.report(floodedGate(room, maxBytes));
    this.sendAway();
  }

  /** Everything up to the mark is safe. @param snapshotAt when the mark was set, on the clock: what still waits came later */
  release(mark: number, snapshotAt: number): void {
    if (!this.gate.isWaitingBefore(mark)) return;
    const { observer, context } = this.owner.room;
    const waitedMs = observer === null ? 0 : this.#waitedMs;
    this.#gatedSince = snapshotAt;
    this.gate.release(mark);
    observer?.gatePassed(context, waitedMs);
  }

  /** The store has taken a write. */
  stored(): void {
    if (this.#unsaved !== null) this.#unsaved.isFlooded = false;
  }

  savable(): void {
    this.#unsaved?.savable();
  }

  /** The state of the room cannot be saved. */
  unsavable(): void {
    this.#trouble().unsavable();
  }

  /** Disconnects the clients, which would wait too long. They keep their places, and the log has what they miss. */
  sendAway(): void {
    inDetachedContext(() => this.owner.room.park());
    this.gate.dropFrames();
  }

  discard(): void {
    this.savable();
    this.gate.discard();
  }

  #trouble(): UnsavedOutput {
    return (this.#unsaved ??= new UnsavedOutput(this.owner.clock, () => this.owner.isWaiting()));
  }
}
