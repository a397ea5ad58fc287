import type { Outbox, Outlet } from '../outbox/outbox.js';
import { frameIn } from '../peers/frame-messages.js';
import { bodyOf, kindOf, TO_MIRROR } from '../peers/messages.js';
import { headerBytes, OPCODE, payloadBytes } from '../wire/frame-header.js';
import { Frame } from '../wire/frame.js';
import type { EdgeChannel, MirroredRoom } from './edge-channel.js';

/** The clients here of one room on another node, with an outbox like that of a room here. */
export class EdgeRoom implements MirroredRoom {
  readonly members = new Map<number, EdgeChannel>();
  /** Clients for which something waits, so that the owner has to be told. */
  readonly #behind = new Set<EdgeChannel>();
  /** Something was sent since the last report. */
  isActive = false;

  /** @param coalesces the outbox writes several messages at once */
  constructor(
    readonly outbox: Outbox,
    private readonly coalesces: boolean,
  ) {}

  /** @param find the client of a channel, if it is still connected */
  received(message: Buffer, find: (channel: number) => EdgeChannel | undefined): void {
    const kind = kindOf(message);
    if (kind <= TO_MIRROR.flush) {
      const channel = find(bodyOf(message).readUInt32LE(0));
      if (channel !== undefined) this.#change(kind, channel);
      return;
    }
    this.isActive = true;
    if (kind === TO_MIRROR.broadcasts) return this.#broadcastAll(bodyOf(message));
    const { opcode, isVolatile, payload, channels } = frameIn(message);
    const frame = Frame.encoded(opcode, payload, isVolatile);
    if (kind === TO_MIRROR.broadcast) this.outbox.broadcast(frame);
    else if (kind === TO_MIRROR.except) this.outbox.broadcastExcept(frame, this.#outlets(channels));
    else if (channels.length === 1) this.#sendTo(frame, channels[0]);
    else this.outbox.send(frame, this.#outlets(channels));
  }

  leave(channel: EdgeChannel): void {
    if (channel.outlet === null) return;
    this.outbox.leave(channel.outlet);
    channel.outlet = null;
    this.members.delete(channel.number);
    this.#behind.delete(channel);
  }

  /** Tells the owner how much waits for the client. */
  report(channel: EdgeChannel): void {
    if (channel.report(waitingBytes(this.outbox, channel))) this.#behind.add(channel);
    else this.#behind.delete(channel);
  }

  /** Tells the owner how much waits for each client. @returns whether something waits */
  reportAll(): boolean {
    const channels = this.isActive ? [...this.members.values()] : [...this.#behind];
    this.isActive = false;
    for (const channel of channels) this.report(channel);
    return this.#behind.size > 0;
  }

  #change(kind: number, channel: EdgeChannel): void {
    if (kind === TO_MIRROR.leave) return this.leave(channel);
    if (kind === TO_MIRROR.flush) return channel.outlet === null ? undefined : this.outbox.flushTo(channel.outlet);
    channel.room = this;
    channel.outlet = this.outbox.join(channel.connection!);
    this.members.set(channel.number, channel);
  }

  #broadcastAll(frames: Buffer): void {
    if (this.coalesces) return this.outbox.broadcast(Frame.several(frames));
    for (let at = 0; at < frames.length;) {
      const start = at + headerBytes(frames, at);
      const end = start + payloadBytes(frames, at);
      this.outbox.broadcast(Frame.encoded(frames[at] & OPCODE, frames.subarray(start, end), false));
      at = end;
    }
  }

  #sendTo(frame: Frame, channel: number): void {
    const outlet = this.members.get(channel)?.outlet;
    if (outlet) this.outbox.sendTo(frame, outlet);
  }

  #outlets(channels: readonly number[]): Outlet[] {
    return channels.flatMap((channel) => this.members.get(channel)?.outlet ?? []);
  }
}

function waitingBytes(outbox: Outbox, { outlet, connection }: EdgeChannel): number {
  if (outlet === null || connection === null || !connection.isBehind) return 0;
  return Math.max(1, outbox.queuedBytes(outlet) + connection.bufferedBytes);
}
