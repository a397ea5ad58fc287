import { inDetachedContext } from '../base/async-context.js';
import { CloseCode } from '../base/protocol.js';
import { destroyProviders, type ProviderHook } from '../base/provider-hooks.js';
import type { JamsocketClock } from '../base/sources.js';
import type { EndReason } from '../durable/record.js';
import type { Client } from '../members/client.js';
import type { Members } from '../members/members.js';
import type { Occupancy } from '../members/occupancy.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { RoomState } from '../members/room-port.js';
import type { ObserverSet } from '../observe/observer-set.js';
import type { HandlerRunner } from './handler-runner.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import type { RoomInstance } from './room-definition.js';
import type { RoomEvent } from './room-event.js';
import type { RoomTimers } from '../timers/room-timers.js';

/** What a room offers to the code that ends it. */
interface EndingRoom {
  state: RoomState;
  readonly hasStarted: boolean;
  readonly context: JamsocketContext;
  readonly instance: RoomInstance | null;
  readonly lifecycle: RoomLifecycle<Client> | null;
  readonly members: Members;
  readonly timers: RoomTimers;
  readonly occupancy: Occupancy;
  readonly observer: ObserverSet | null;
  postDetached(event: RoomEvent): void;
  forgetClients(): void;
  leaveRegistry(): void;
}

/** Ends a room: it drains, runs `@OnDestroy`, is saved for the last time if it is durable, and stops. */
export class RoomEnd {
  #hasStopped = false;
  /** Made for whoever waits first. */
  #stopped: Promise<void> | null = null;
  #resolveStopped: (() => void) | null = null;
  /** While the room starts. */
  #stopWaiting: (() => void) | null = null;
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

  constructor(
    private readonly room: EndingRoom,
    private readonly mailbox: Mailbox<RoomEvent>,
    private readonly runner: HandlerRunner,
    private readonly clock: JamsocketClock,
  ) {}

  /** Resolves when the room has stopped. */
  get stopped(): Promise<void> {
    if (this.#hasStopped) return Promise.resolve();
    return (this.#stopped ??= new Promise((resolve) => (this.#resolveStopped = resolve)));
  }

  /**
   * Resolves when `ready` does, or when the room has stopped.
   * @throws the error of `ready`
   */
  readyOrStopped(ready: Promise<void>): Promise<void> {
    if (this.#hasStopped) return this.stopped;
    // Not a race with `stopped`: that promise would keep what raced with it as long as the room lives.
    return new Promise((resolve, reject) => {
      this.#stopWaiting = resolve;
      ready.then(resolve, reject).finally(() => (this.#stopWaiting = null));
    });
  }

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

  /** Stops at once, without waiting for running handlers. */
  abandon(): Promise<void> {
    return inDetachedContext(() => this.finish());
  }

  /** Another owner may have the room: stops at once, without handlers, and sends nothing that waits. Then closes the clients. */
  lose(code: number, reason: string): void {
    const { members } = this.room;
    const clients = members.all;
    members.silence();
    void this.abandon();
    for (const client of clients) client.endNow(code, reason);
  }

  /** For tests: the process is gone. No handler runs any more, and nobody is told. */
  vanish(): void {
    const { room } = this;
    room.state = 'stopped';
    room.lifecycle?.abandon();
    room.timers.clearAll();
    room.forgetClients();
    room.members.stop();
    this.mailbox.abandon();
    this.#endStop();
  }

  /** The last step, in the async context of the caller. */
  async finish(): Promise<void> {
    const { room } = this;
    if (room.state === 'stopped') return;
    room.state = 'stopped';
    room.lifecycle?.abandon();
    this.#safely(() => room.timers.clearAll());
    this.#safely(() => room.forgetClients());
    this.#safely(() => room.members.stop());
    this.#safely(() => room.context.abort());
    this.#safely(() => this.runner.stop());
    for (const event of this.mailbox.abandon()) {
      if (event.type === 'invoke') event.call.refuse();
    }
    if (room.hasStarted) room.observer?.roomStopped(room.context);
    if (this.#destroyHooks.length > 0) await this.destroyProviders();
    if (!room.hasStarted && room.lifecycle !== null) await room.lifecycle.giveBack();
    this.#endStop();
  }

  destroyProviders(): Promise<void> {
    return destroyProviders(this.#destroyHooks, {
      clock: this.clock,
      limitMs: () => this.mailbox.turnLimitMs,
      report: (error, hook) => this.runner.report(error, hook),
    });
  }

  get #destroyHooks(): readonly ProviderHook[] {
    return this.room.instance?.hooks.destroy ?? [];
  }

  #endStop(): void {
    if (this.#hasStopped) return;
    this.#hasStopped = true;
    this.room.leaveRegistry();
    this.#stopWaiting?.();
    this.#resolveStopped?.();
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
    this.#safely(() =>
      room.lifecycle === null && this.#handOver === null ? room.timers.clearAll() : room.timers.suspend(),
    );
    room.postDetached({ type: 'destroy' });
  }

  /** Runs one step of stopping. Its error does not prevent the next steps. */
  #safely(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.runner.report(error);
    }
  }
}

/** Whether a shutdown in a hurry discards the event: all except connects, disconnects and the end of the room. */
function isDiscarded({ type }: RoomEvent): boolean {
  return type !== 'connect' && type !== 'disconnect' && type !== 'destroy';
}
