import { inDetachedContext } from '../base/async-context.js';
import { destroyProviders, type ProviderHook } from '../base/provider-hooks.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import type { Client } from '../members/client.js';
import type { Members } from '../members/members.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { RoomState } from '../members/room-port.js';
import type { ObserverSet } from '../observe/observer-set.js';
import type { RoomTimers } from '../timers/room-timers.js';
import type { HandlerRunner } from './turns/handler-runner.js';
import type { RoomInstance } from './room-definition.js';
import type { RoomEvent } from './room-event.js';

/** What a room offers to the code that stops it. */
export interface StoppingRoom {
  state: RoomState;
  readonly hasStarted: boolean;
  readonly context: JamsocketContext;
  readonly clock: JamsocketClock;
  readonly instance: RoomInstance | null;
  readonly lifecycle: RoomLifecycle<Client> | null;
  readonly members: Members;
  readonly timers: RoomTimers;
  readonly observer: ObserverSet | null;
  forgetClients(): void;
  leaveRegistry(): void;
}

/** The last steps of a room, and who waits for them. A part of `RoomEnd`, which knows why a room ends. */
export abstract class RoomStop<R extends StoppingRoom> {
  #hasStopped = false;
  /** Made for whoever waits first. */
  #stopped: Promise<void> | null = null;
  #resolveStopped: (() => void) | null = null;
  /** While the room starts. */
  #stopWaiting: (() => void) | null = null;

  constructor(
    protected readonly room: R,
    protected readonly mailbox: Mailbox<RoomEvent>,
    protected readonly runner: HandlerRunner,
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

  /** Stops at once, without waiting for running handlers. */
  abandon(): Promise<void> {
    return inDetachedContext(() => this.finish());
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
    this.#hasEnded();
  }

  /** Stops, in the async context of the caller. */
  async finish(): Promise<void> {
    const { room } = this;
    if (room.state === 'stopped') return;
    room.state = 'stopped';
    room.lifecycle?.abandon();
    this.safely(() => room.timers.clearAll());
    this.safely(() => room.forgetClients());
    this.safely(() => room.members.stop());
    this.safely(() => room.context.abort());
    this.safely(() => this.runner.stop());
    for (const event of this.mailbox.abandon()) {
      if (event.type === 'invoke') event.call.refuse();
    }
    if (room.hasStarted) room.observer?.roomStopped(room.context);
    if (this.#destroyHooks.length > 0) await this.destroyProviders();
    if (!room.hasStarted && room.lifecycle !== null) await room.lifecycle.giveBack();
    this.#hasEnded();
  }

  destroyProviders(): Promise<void> {
    return destroyProviders(this.#destroyHooks, {
      clock: this.room.clock,
      limitMs: () => this.mailbox.turnLimitMs,
      report: (error, hook) => this.runner.report(error, hook),
    });
  }

  /** Runs one step of stopping. Its error does not prevent the next steps. */
  protected safely(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.runner.report(error);
    }
  }

  get #destroyHooks(): readonly ProviderHook[] {
    return this.room.instance?.hooks.destroy ?? [];
  }

  #hasEnded(): void {
    if (this.#hasStopped) return;
    this.#hasStopped = true;
    this.room.leaveRegistry();
    this.#stopWaiting?.();
    this.#resolveStopped?.();
  }
}
