import { CloseCode } from '../base/protocol.js';
import type { EndReason } from '../durable/record.js';
import type { Occupancy } from '../members/occupancy.js';
import type { RoomEvent } from './room-event.js';
import { RoomStop, type StoppingRoom } from './room-stop.js';

/** What a room offers to the code that ends it. */
interface EndingRoom extends StoppingRoom {
  readonly occupancy: Occupancy;
  postDetached(event: RoomEvent): void;
}

/** Ends a room: it drains, runs `@OnDestroy`, is saved for the last time if it is durable, and stops. */
export class RoomEnd extends RoomStop<EndingRoom> {
  /** Set if the room is closed before it runs. It is then closed as soon as it runs. */
  atStart: { readonly code: number; readonly reason: string } | null = null;
  /** Set if the room is suspended before it runs. */
  #suspendAtStart: EndReason | null = null;
  /** The saved record is deleted. */
  isRecordDeleted = false;
  /** Hands the room over when it has been saved. */
  #handOver: (() => Promise<void>) | null = null;
  /** Why this instance ends, or that the room is deleted. For durable rooms. */
  #reason: EndReason | 'deleted' = 'idle';

  /** Closes every client and stops. */
  close(code: number, reason: string): void {
    const { room } = this;
    if (room.state === 'starting') this.atStart ??= { code, reason };
    if (room.state !== 'running') return;
    room.state = 'draining';
    if (room.lifecycle === null) return this.#closeAll(code, reason);
    for (const client of room.members.all) room.members.closing(client);
    room.lifecycle.whenSafe(() => this.#closeAll(code, reason));
  }

  /** The room is running: closes or suspends it if that was asked for before. */
  started(): void {
    if (this.atStart !== null) this.close(this.atStart.code, this.atStart.reason);
    else if (this.#suspendAtStart !== null) void this.suspend(this.#suspendAtStart);
  }

  /** Closes every client, stops, and deletes the saved record. A room that is stopping already only deletes its record. */
  destroy(reason: string): void {
    this.#reason = 'deleted';
    this.close(CloseCode.normal, reason);
  }

  /** The room is empty. */
  drain(): void {
    if (this.room.state !== 'running') return;
    this.room.state = 'draining';
    this.#startDraining();
  }

  /**
   * Stops this instance of a durable room. Its clients stay members in the saved record and are not told. Resolves when
   * the instance has stopped; the caller then closes the connections.
   */
  suspend(reason: EndReason): Promise<void> {
    const { room } = this;
    if (room.state === 'starting') this.#suspendAtStart = reason;
    if (room.state === 'running') {
      room.state = 'draining';
      this.#reason = reason;
      for (const client of room.members.all) client.finish(() => undefined);
      this.#startDraining();
    }
    return this.stopped;
  }

  /**
   * Stops this instance so that another node continues the room: it handles what waits, and is saved if it is durable.
   * Resolves when the instance has stopped. Does nothing if the room is not running.
   * @param action runs after the last handler. Clients whose connections are still there afterwards are to be closed
   */
  handOver(action: () => Promise<void>): Promise<void> {
    if (this.room.state !== 'running') return Promise.resolve();
    this.#handOver = action;
    return this.suspend('moved');
  }

  /**
   * For a shutdown whose time is short: discards waiting messages, timers and calls. The present turn and the turns that
   * end the room share the time until `deadline` (time of the clock).
   * @returns how many client messages were discarded
   */
  hurry(deadline: number): number {
    // It has no clients yet, and new ones are refused.
    if (this.room.state === 'starting') void this.abandon();
    // A durable room is suspended next: closed, its clients would lose their places.
    if (this.room.lifecycle === null && this.#handOver === null)
      this.close(CloseCode.serviceRestart, 'service restart');
    const discarded = this.mailbox.hurry(deadline, isDiscarded);
    for (const event of discarded) if (event.type === 'invoke') event.call.refuse();
    return discarded.filter(({ type }) => type === 'text' || type === 'binary').length;
  }

  /** Saves the room after its last turn, or deletes its record. Never rejects. */
  async saveLast(): Promise<void> {
    const { lifecycle, members } = this.room;
    if (lifecycle === null && this.#handOver === null) return;
    for (const client of members.all) members.closing(client);
    try {
      if (this.#reason !== 'deleted') {
        const isSaved = (await lifecycle?.release(this.#reason)) ?? true;
        if (isSaved) await this.#handOver?.();
        return;
      }
      await lifecycle?.delete();
      this.isRecordDeleted = true;
    } catch (error) {
      this.runner.report(error);
    }
  }

  /** Another owner may have the room: stops at once, without handlers, and sends nothing that waits. Then closes the clients. */
  lose(code: number, reason: string): void {
    const { members } = this.room;
    const clients = members.all;
    members.silence();
    void this.abandon();
    for (const client of clients) client.endNow(code, reason);
  }

  #closeAll(code: number, reason: string): void {
    const { lifecycle, members } = this.room;
    for (const client of members.all) {
      if (lifecycle === null || client.connection === null) client.end(code, reason);
      else client.endNow(code, reason);
    }
    this.#startDraining();
  }

  #startDraining(): void {
    const { room } = this;
    room.occupancy.cancelStop();
    this.safely(() =>
      room.lifecycle === null && this.#handOver === null ? room.timers.clearAll() : room.timers.suspend(),
    );
    room.postDetached({ type: 'destroy' });
  }
}

/** Whether a shutdown in a hurry discards the event: all except connects, disconnects and the end of the room. */
function isDiscarded({ type }: RoomEvent): boolean {
  return type !== 'connect' && type !== 'disconnect' && type !== 'destroy';
}
