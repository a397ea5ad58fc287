import type { JamsocketClock } from '../../base/sources.js';
import type { GatedOutbox } from '../../outbox/gated-outbox.js';
import type { RoomWrite } from '../../store/room-store.js';
import type { DurableRoom } from '../durable-room.js';

/** Tells the observers how a room is saved, and remembers what an operator may ask for. */
export class SaveAccount {
  /** When the snapshot of the last save was taken, on the clock; `undefined` before the first save. */
  savedAt: number | undefined = undefined;
  /** The oldest step at the gate came at this time or later, on the clock. */
  #gatedSince = 0;

  constructor(
    private readonly room: Pick<DurableRoom, 'observer' | 'context'>,
    private readonly clock: JamsocketClock,
  ) {}

  /** The gate was empty, and a step waits now. */
  gateWaits(): void {
    this.#gatedSince = this.clock.now();
  }

  /** Upper bound of the milliseconds that the oldest step at the gate has waited. */
  get gatedForMs(): number {
    return this.clock.now() - this.#gatedSince;
  }

  /** @param snapshotAt when the mark was set, on the clock: steps that still wait came later */
  release(gate: GatedOutbox, mark: number, snapshotAt: number): void {
    if (!gate.isWaitingBefore(mark)) return;
    const { observer, context } = this.room;
    const waitedMs = observer === null ? 0 : this.gatedForMs;
    this.#gatedSince = snapshotAt;
    gate.release(mark);
    observer?.gatePassed(context, waitedMs);
  }

  saved(write: SizedWrite, snapshotAt: number): void {
    this.savedAt = snapshotAt;
    this.room.observer?.roomSaved(this.room.context, bytesOf(write));
  }

  fenced(): void {
    this.room.observer?.roomFenced(this.room.context);
  }
}

type SizedWrite = Pick<RoomWrite, 'parts' | 'segments'>;

/** Bytes of a write's parts and segments, without their names and numbers. */
export function bytesOf({ parts = {}, segments = [] }: SizedWrite): number {
  let bytes = 0;
  for (const part of Object.values(parts)) bytes += part.byteLength;
  for (const segment of segments) bytes += segment.bytes.byteLength;
  return bytes;
}
