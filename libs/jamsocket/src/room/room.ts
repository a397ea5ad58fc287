import type { Link } from '../outbox/link.js';
import { RefusedError } from '../base/errors.js';
import { CloseCode } from '../base/protocol.js';
import type { Client } from '../members/client.js';
import { HandlerRunner } from './handler-runner.js';
import { HeldUp, type HeldEvent } from './held-up.js';
import { Mailbox } from './mailbox.js';
import { createMembers } from './create-members.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { DurableRoom } from '../durable/durable-room.js';
import type { EndReason } from '../durable/record.js';
import { storeUnavailable } from '../durable/room-refusals.js';
import type { RoomKey } from '../store/room-store.js';
import type { Members } from '../members/members.js';
import { Occupancy } from '../members/occupancy.js';
import type { RoomPort, RoomState } from '../members/room-port.js';
import type { ObservedRoom, SentMessage } from '../members/sent-message.js';
import type { RoomAddress } from '../members/room-address.js';
import { JamsocketContext } from '../members/room-context.js';
import type { RoomDefinition, RoomInstance } from './room-definition.js';
import { ROOM_EVENTS, type ClientEvent, type RoomCall, type RoomEvent } from './room-event.js';
import type { RoomServices } from './room-services.js';
import type { ObserverSet } from '../observe/observer-set.js';
import { tellReceived } from './received-message.js';
import { inDetachedContext } from '../base/async-context.js';
import { destroyProviders } from '../base/provider-hooks.js';
import { withinTimeout } from '../base/within-timeout.js';
import { RoomTimers } from './room-timers.js';
import { RoomTurns } from './room-turns.js';
import type { WaitingEvent } from '../base/waiting-event.js';

/** One live room: its clients, its instance of the service and its states from start to stop. */
export class Room implements RoomPort<Client>, ObservedRoom, DurableRoom {
  state: RoomState = 'starting';
  readonly context = new JamsocketContext(this);
  readonly lifecycle: RoomLifecycle<Client> | null;
  readonly members: Members;
  readonly timers: RoomTimers;
  readonly occupancy: Occupancy;
  /** When the room was created: milliseconds on the clock. */
  readonly startedAt: number;
  /** Resolves when the room has stopped. */
  readonly stopped: Promise<void>;
  instance: RoomInstance | null = null;
  /** True once the room has been running, even if it has stopped since. */
  hasStarted = false;
  /** Why this instance ends, or that the room is deleted. For durable rooms. */
  #end: EndReason | 'deleted' = 'idle';
  readonly #mailbox: Mailbox<RoomEvent>;
  readonly #runner: HandlerRunner;
  readonly #turns: RoomTurns;
  readonly #heldUp = new HeldUp();
  #resolveStopped!: () => void;

  constructor(
    readonly definition: RoomDefinition,
    readonly address: RoomAddress,
    private readonly services: RoomServices,
  ) {
    const { options } = definition;
    this.startedAt = services.clock.now();
    this.#runner = new HandlerRunner(this);
    this.#turns = new RoomTurns(this, this.#runner);
    this.#mailbox = new Mailbox(
      this.#turns,
      options.limits.mailbox,
      services.clock,
      options.handlerTimeoutMs,
      ROOM_EVENTS,
    );
    this.lifecycle = services.createLifecycle(this, definition);
    this.members = createMembers(options, services, this, this.lifecycle, (client) =>
      this.leave(client, CloseCode.abnormal, 'did not come back'),
    );
    this.timers = new RoomTimers(this, services);
    this.occupancy = new Occupancy(options, services.clock, () => this.#drain());
    this.stopped = new Promise((resolve) => (this.#resolveStopped = resolve));
  }

  /**
   * Builds the instance and runs `@OnCreate`. If either fails, the room stops and this rejects. If the room is abandoned in
   * the meantime, this resolves with `hasStarted` false.
   */
  async start(mustBeSaved = false): Promise<void> {
    const { definition } = this;
    try {
      const ready = withinTimeout(
        this.#build(mustBeSaved),
        definition.options.handlerTimeoutMs,
        this.services.clock,
        () => {
          const { type, options } = definition;
          return `${type.name} was not ready after ${options.handlerTimeoutMs} ms: @OnCreate or a provider of the room has not finished.`;
        },
      );
      // Do not wait longer if the room is abandoned.
      await Promise.race([ready, this.stopped]);
      if (this.#isStopped) return;
      this.timers.schedule(this.definition.scheduled);
    } catch (error) {
      this.observer?.roomFailed(this.context, error);
      await this.#finish();
      throw error;
    }
    this.state = 'running';
    this.hasStarted = true;
    this.observer?.roomStarted(this.context);
    this.#mailbox.open();
  }

  /** `null` while no observer is registered. */
  get observer(): ObserverSet | null {
    return this.services.observers.current;
  }

  messageSent(message: SentMessage): void {
    this.observer?.messageSent(this.context, message);
  }

  /** Number of the present turn. */
  get turn(): number {
    return this.#mailbox.turn;
  }

  /** Number of events in the mailbox. */
  get waitingEvents(): number {
    return this.#mailbox.waitingEvents;
  }

  now(): number {
    return this.services.clock.now();
  }

  /** The room has started, and no turn runs or waits. */
  get isIdle(): boolean {
    return this.state !== 'starting' && this.#mailbox.isIdle;
  }

  /** The handler of a turn that timed out is still running. */
  get hasOverdueTurn(): boolean {
    return this.#mailbox.hasOverdueTurn;
  }

  /** Departed clients have left more messages than the mailbox takes from connected clients. */
  get isSwamped(): boolean {
    return this.#heldUp.isSwamped(this.definition.options.limits.mailbox.maxBytes);
  }

  /** @throws RefusedError `store_unavailable` if a client or call would have to wait for the store */
  requireStore(): void {
    if (this.lifecycle?.isStuck)
      throw storeUnavailable(`Room "${this.address.key}" takes nobody in while its store does not answer.`);
  }

  /** Keeps the room alive for a client that is connecting. @returns false if the room is not running */
  reserve(): boolean {
    if (this.state !== 'running') return false;
    this.occupancy.reserve();
    return true;
  }

  /** The client's connection has ended. Its place is kept if it can resume; otherwise it leaves. */
  connectionLost(client: Client, code: number, reason: string): void {
    if (this.state === 'running' && this.members.keepPlace(client, code)) {
      this.observer?.clientLost(this.context, client);
      return;
    }
    this.leave(client, code, reason);
  }

  /** The client leaves permanently. */
  leave(client: Client, code: number, reason: string): void {
    client.closed = { code, reason };
    if (this.lifecycle !== null && client.isCounted) this.lifecycle.leaving(client);
    this.#watchEnd(client.connection);
    this.#runner.clientLeft(client);
    this.members.remove(client);
    this.observer?.clientLeft(this.context, client, code, reason);
    this.#heldUp.giveUp(client, this);
    this.postDetached({ type: 'disconnect', client });
  }

  /**
   * In an idle room a text is handled without allocating an event. Held messages of the client cannot be overtaken:
   * they enter the mailbox before the room is idle.
   */
  receiveText(client: Client, text: string): void {
    if (this.observer !== null || this.state === 'stopped' || !this.#mailbox.begin())
      return this.receive({ type: 'text', client, text });
    let turn: void | Promise<void>;
    try {
      turn = this.#turns.takeText(client, text);
    } catch (error) {
      return this.#mailbox.fail({ type: 'text', client, text }, error);
    }
    if (turn === undefined) {
      if (client.session !== null) this.#turns.messageEnded(client, text.length);
      if (this.lifecycle !== null) this.lifecycle.turnEnded();
      this.#mailbox.end();
    } else this.#mailbox.wait(turn, { type: 'text', client, text });
  }

  receiveBinary(client: Client, bytes: Buffer): void {
    this.receive({ type: 'binary', client, bytes });
  }

  receive(event: ClientEvent): void {
    if (this.observer !== null) tellReceived(this.observer, this.context, event);
    this.postInOrder(event);
  }

  /** Posts an event of a client, after all that is held of it. */
  postInOrder(event: HeldEvent): void {
    if (event.client.held !== null) this.#heldUp.hold(event);
    else if (this.post(event)) this.#heldUp.add(event.client);
  }

  /** Runs a call from outside as a turn. */
  invoke(call: RoomCall): void {
    if (this.state === 'draining' || this.state === 'stopped') call.refuse();
    else this.post({ type: 'invoke', call });
  }

  /** Runs an action after the turns of all waiting events, or at once if the room stops. */
  whenTurnComes(action: () => void): void {
    this.invoke({ name: 'wake', runAsCaller: undefined, run: action, refuse: action, fail: action });
  }

  /** @returns whether the mailbox is full now */
  post(event: RoomEvent): boolean {
    return this.state !== 'stopped' && this.#mailbox.post(event);
  }

  /** Posts an event that has waited elsewhere. @returns whether the mailbox is full now */
  postWaiting(waiting: WaitingEvent<RoomEvent>): boolean {
    return this.state !== 'stopped' && this.#mailbox.postWaiting(waiting);
  }

  /** Posts an event that must not run in the present async context: a timer, or the end of a client or of the room. */
  postDetached(event: RoomEvent): void {
    inDetachedContext(() => this.post(event));
  }

  /** Closes every client and stops. */
  close(code: number, reason: string): void {
    if (this.state !== 'running') return;
    this.state = 'draining';
    if (this.lifecycle === null) return this.#closeAll(code, reason);
    for (const client of this.members.all) this.members.acknowledgeRest(client);
    this.lifecycle.whenSafe(() => this.#closeAll(code, reason));
  }

  destroy(reason: string): void {
    if (this.state === 'running') this.#end = 'deleted';
    this.close(CloseCode.normal, reason);
  }

  /**
   * Stops this instance of a durable room. Its clients stay members in the saved record and are not told. Resolves when
   * the instance has stopped; the caller then closes the connections.
   */
  suspend(reason: EndReason): Promise<void> {
    if (this.state === 'running') {
      this.state = 'draining';
      this.#end = reason;
      for (const client of this.members.all) client.finish(() => undefined);
      this.#startDraining();
    }
    return this.stopped;
  }

  /**
   * For a shutdown whose time is short: discards waiting messages, timers and calls. The present turn and the turns that
   * end the room share the time until `deadline` (time of the clock).
   * @returns how many client messages were discarded
   */
  hurry(deadline: number): number {
    // It has no clients yet, and new ones are refused.
    if (this.state === 'starting') void this.abandon();
    this.close(CloseCode.serviceRestart, 'service restart');
    const givenUp = this.#mailbox.hurry(deadline, isForgone);
    for (const event of givenUp) if (event.type === 'invoke') event.call.refuse();
    return givenUp.filter(({ type }) => type === 'text' || type === 'binary').length;
  }

  /** Saves the room after its last turn, or deletes its record. Never rejects. */
  async saveLast(): Promise<void> {
    if (this.lifecycle === null) return;
    for (const client of this.members.all) this.members.acknowledgeRest(client);
    try {
      await (this.#end === 'deleted' ? this.lifecycle.delete() : this.lifecycle.release(this.#end));
    } catch (error) {
      this.report(error);
    }
  }

  get key(): RoomKey {
    return { service: this.definition.service, key: this.address.key };
  }

  get className(): string {
    return this.definition.type.name;
  }

  get stateHolders(): readonly object[] {
    return this.instance!.hooks.instances;
  }

  get isBetweenTurns(): boolean {
    return this.#mailbox.isIdle;
  }

  readmit(client: Client): void {
    client.room = this;
    this.occupancy.join();
    client.isCounted = true;
  }

  lost(): void {
    const clients = this.members.all;
    void this.abandon();
    for (const client of clients) client.endNow(CloseCode.serviceRestart, 'the room has moved');
  }

  park(): void {
    for (const client of this.members.all) {
      client.isParked = true;
      client.endNow(CloseCode.tryAgainLater, 'the store does not answer');
      client.isParked = false;
    }
  }

  report(error: unknown): void {
    this.#runner.report(error);
  }

  /** Stops at once, without waiting for running handlers. */
  abandon(): Promise<void> {
    return inDetachedContext(() => this.#finish());
  }

  /** For tests: the process is gone. No handler runs any more, and nobody is told. */
  vanish(): void {
    this.state = 'stopped';
    this.lifecycle?.abandon();
    this.timers.clearAll();
    this.members.stop();
    this.#mailbox.abandon();
    this.#resolveStopped();
  }

  /** The mailbox takes events again: passes on the held messages. */
  mailboxDrained(): void {
    this.#heldUp.handOn(this.#mailbox);
  }

  async #build(mustBeSaved: boolean): Promise<void> {
    const instance = (this.instance = await this.definition.instantiate(this.context));
    // The room was stopped while the instance was built: destroy what was built.
    if (this.#isStopped) return this.#destroyProviders();
    await this.#restore(mustBeSaved);
    if (this.#isStopped) return;
    for (const hook of instance.hooks.init) {
      await hook.run();
      if (this.#isStopped) return;
    }
    await this.#runner.create(instance);
    await this.lifecycle?.started();
  }

  /** @param mustBeSaved fail if there is no saved record */
  async #restore(mustBeSaved: boolean): Promise<void> {
    if (this.lifecycle === null) return;
    await this.lifecycle.restore();
    if (!mustBeSaved || this.lifecycle.restored !== undefined) return;
    await this.lifecycle.delete();
    throw new RefusedError(404, 'no_such_room', `There is no room "${this.address.key}".`);
  }

  /** The room is empty. */
  #drain(): void {
    if (this.state !== 'running') return;
    this.state = 'draining';
    this.#startDraining();
  }

  #startDraining(): void {
    this.occupancy.cancelStop();
    this.#safely(() => (this.lifecycle === null ? this.timers.clearAll() : this.timers.suspend()));
    this.postDetached({ type: 'destroy' });
  }

  #closeAll(code: number, reason: string): void {
    for (const client of this.members.all) {
      if (this.lifecycle === null || client.connection === null) client.end(code, reason);
      else client.endNow(code, reason);
    }
    this.#startDraining();
  }

  /** Registers a closed connection whose socket has not ended: a shutdown waits for it. */
  #watchEnd(connection: Link | null): void {
    const { closing } = this.services;
    if (connection === null || connection.hasEnded) return;
    closing.add(connection);
    void connection.ended.then(() => closing.delete(connection));
  }

  get #isStopped(): boolean {
    return this.state === 'stopped';
  }

  async #finish(): Promise<void> {
    if (this.#isStopped) return;
    this.state = 'stopped';
    this.lifecycle?.abandon();
    this.#safely(() => this.timers.clearAll());
    this.#safely(() => this.members.stop());
    this.#safely(() => this.context.abort());
    this.#safely(() => this.#runner.stop());
    for (const event of this.#mailbox.abandon()) {
      if (event.type === 'invoke') event.call.refuse();
    }
    if (this.hasStarted) this.observer?.roomStopped(this.context);
    await this.#destroyProviders();
    this.#resolveStopped();
  }

  #destroyProviders(): Promise<void> {
    return destroyProviders(this.instance?.hooks.destroy ?? [], {
      clock: this.services.clock,
      limitMs: () => this.#mailbox.turnLimitMs,
      report: (error, hook) => this.#runner.report(error, hook),
    });
  }

  /** Runs one step of stopping. Its error does not prevent the next steps. */
  #safely(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#runner.report(error);
    }
  }
}

/** Whether a shutdown in a hurry discards the event: all except connects, disconnects and the end of the room. */
function isForgone({ type }: RoomEvent): boolean {
  return type !== 'connect' && type !== 'disconnect' && type !== 'destroy';
}

/** The `Room` of a `RoomPort`. @throws TypeError if it is not in this process */
export function localRoom(port: object): Room {
  if (port instanceof Room) return port;
  throw new TypeError('The room is not in this process.');
}
