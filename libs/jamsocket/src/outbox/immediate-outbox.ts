import type { RunPermit } from '../cluster/run-permit.js';
import { Frame } from '../wire/frame.js';
import type { Link } from './link.js';
import type { DropMember, Outbox, Outlet } from './outbox.js';

/** For `coalesce: false`: writes every message at once, one write per client. */
export class ImmediateOutbox implements Outbox {
  readonly #members = new Set<Outlet>();

  /** Frames that wait until the node may run again, each with its recipients. */
  #held: { readonly outlets: readonly Outlet[]; readonly frame: Frame }[] = [];

  constructor(
    private readonly dropMember: DropMember,
    /** `null` without a cluster. */
    private readonly permit: RunPermit | null = null,
  ) {}

  join(link: Link): Outlet {
    const outlet = { link };
    this.#members.add(outlet);
    return outlet;
  }

  leave(outlet: Outlet): void {
    this.#members.delete(outlet);
  }

  broadcast(frame: Frame): void {
    this.#writeTo(this.#members, frame);
  }

  broadcastExcept(frame: Frame, excluded: readonly Outlet[]): void {
    this.#writeTo(
      [...this.#members].filter((member) => !excluded.includes(member)),
      frame,
    );
  }

  sendTo(frame: Frame, outlet: Outlet): void {
    this.#writeTo([outlet], frame);
  }

  sendText(text: string, outlet: Outlet): void {
    this.sendTo(Frame.text(text), outlet);
  }

  send(frame: Frame, outlets: readonly Outlet[]): void {
    this.#writeTo(outlets, frame);
  }

  sendAll(frames: readonly Frame[], outlet: Outlet): void {
    for (const frame of frames) this.#writeTo([outlet], frame);
  }

  flushTo(): void {}

  chunkRead(): void {}

  after(action: () => void): void {
    action();
  }

  get hasWaiting(): boolean {
    return false;
  }

  get isGated(): boolean {
    return false;
  }

  sendPast(frames: readonly Frame[], outlet: Outlet): boolean {
    this.sendAll(frames, outlet);
    return true;
  }

  queuedBytes(): number {
    return 0;
  }

  #writeTo(outlets: Iterable<Outlet>, frame: Frame): void {
    if (this.permit !== null && this.#isHeld(this.permit))
      return void this.#held.push({ outlets: [...outlets], frame });
    const behind: Outlet[] = [];
    for (const outlet of outlets) if (!this.#write(outlet, frame)) behind.push(outlet);
    if (behind.length > 0) this.#drop(behind);
  }

  #isHeld(permit: RunPermit): boolean {
    if (this.#held.length > 0) return true;
    if (permit.mayRun()) return false;
    permit.whenAgain(() => {
      const held = this.#held;
      this.#held = [];
      for (const { outlets, frame } of held) this.#writeTo(outlets, frame);
    });
    return true;
  }

  /** All of them leave first: dropping one runs the room's code, which may send again. By now the others have this frame. */
  #drop(behind: readonly Outlet[]): void {
    for (const outlet of behind) this.leave(outlet);
    for (const { link } of behind) this.dropMember(link);
  }

  /** @returns false if the peer is too far behind and has to be dropped */
  #write(outlet: Outlet, frame: Frame): boolean {
    if (!this.#members.has(outlet)) return true;
    return (frame.isVolatile && outlet.link.skipsVolatile) || outlet.link.writeFrame(frame);
  }
}
