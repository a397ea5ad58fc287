import type { Connection } from '../wire/connection.js';
import { Frame } from '../wire/frame.js';
import type { DropSlow, Outbox } from './outbox.js';

/** `coalesce: false`: every message goes through `ws` at once, one write a client. */
export class ImmediateOutbox implements Outbox {
  readonly #members = new Set<Connection>();

  constructor(private readonly dropSlow: DropSlow) {}

  join(connection: Connection): void {
    this.#members.add(connection);
  }

  leave(connection: Connection): void {
    this.#members.delete(connection);
  }

  broadcast(frame: Frame): void {
    this.#writeTo(this.#members, frame);
  }

  broadcastExcept(frame: Frame, excluded: readonly Connection[]): void {
    this.#writeTo(
      [...this.#members].filter((member) => !excluded.includes(member)),
      frame,
    );
  }

  sendTo(frame: Frame, connection: Connection): void {
    if (!this.#write(connection, frame)) this.dropSlow(connection);
  }

  sendText(text: string, connection: Connection): void {
    this.sendTo(Frame.text(text), connection);
  }

  send(frame: Frame, connections: readonly Connection[]): void {
    this.#writeTo(connections, frame);
  }

  sendAll(frames: readonly Frame[], connection: Connection): void {
    if (!frames.every((frame) => this.#write(connection, frame))) this.dropSlow(connection);
  }

  flushTo(): void {}

  chunkRead(): void {}

  after(action: () => void): void {
    action();
  }

  queuedBytes(): number {
    return 0;
  }

  #writeTo(connections: Iterable<Connection>, frame: Frame): void {
    const slow: Connection[] = [];
    for (const connection of connections) if (!this.#write(connection, frame)) slow.push(connection);
    // Dropping runs the room's code, which may send again: only now does everyone have this frame first.
    for (const connection of slow) this.dropSlow(connection);
  }

  /** @returns false if the peer is too far behind and has to be dropped */
  #write(connection: Connection, frame: Frame): boolean {
    return (frame.isVolatile && connection.skipsVolatile) || connection.writeThroughWs(frame);
  }
}
