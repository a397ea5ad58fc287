import type { Connection } from './connection.js';
import type { Frame } from './frame.js';
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
    for (const member of [...this.#members]) this.#write(member, frame);
  }

  broadcastExcept(frame: Frame, excluded: readonly Connection[]): void {
    for (const member of [...this.#members]) {
      if (!excluded.includes(member)) this.#write(member, frame);
    }
  }

  sendTo(frame: Frame, connection: Connection): void {
    this.#write(connection, frame);
  }

  send(frame: Frame, connections: readonly Connection[]): void {
    for (const connection of connections) this.#write(connection, frame);
  }

  sendAll(frames: readonly Frame[], connection: Connection): void {
    for (const frame of frames) this.#write(connection, frame);
  }

  flush(): void {}

  flushAnswers(): void {}

  queuedBytes(): number {
    return 0;
  }

  #write(connection: Connection, frame: Frame): void {
    if (frame.isVolatile && connection.skipsVolatile) return;
    if (!connection.writeThroughWs(frame)) this.dropSlow(connection);
  }
}
