import { CLOSE_INTERNAL_ERROR, CLOSE_TRY_AGAIN_LATER, type Connection } from '../connection/connection.js';
import { InboundRate } from '../connection/inbound-rate.js';
import type { Outbox } from '../connection/outbox.js';
import { JamsocketError } from '../jamsocket.errors.js';
import type { Client, ClientId } from './client.js';
import { HandlerRunner } from './handler-runner.js';
import { routeText } from './json-events.js';
import { Mailbox, type MailboxOwner } from './mailbox.js';
import { Occupancy } from './occupancy.js';
import type { RoomAddress } from './room-address.js';
import { JamsocketContext } from './room-context.js';
import type { RoomDefinition, RoomInstance } from './room-definition.js';
import type { ClientEvent, RoomCall, RoomEvent } from './room-event.js';
import type { RoomServices } from './room-services.js';
import { RoomTimers, type RoomTimer } from './room-timers.js';

/**
 * starting ──▶ running ──▶ draining ──▶ stopped
 *    └───────── failed @OnCreate ──────────▲
 *
 * Clients join while it is running. Draining, it finishes what is in its mailbox, then runs `@OnDestroy`.
 */
export type RoomState = 'starting' | 'running' | 'draining' | 'stopped';

/** One live room: its clients, its instance of the service, and the turns in which events reach the handlers. */
export class Room implements MailboxOwner {
  state: RoomState = 'starting';
  readonly clients = new Map<ClientId, Client>();
  readonly context = new JamsocketContext(this);
  readonly outbox: Outbox;
  readonly timers: RoomTimers;
  readonly occupancy: Occupancy;
  /** Resolves when the room has stopped. */
  readonly stopped: Promise<void>;
  instance: RoomInstance | null = null;
  #lastClientId = 0;
  /** Clients whose `@OnConnect` has not begun. Like the next set it is only made when it is needed: most rooms are idle. */
  #joining: Set<Client> | null = null;
  /** Clients whose sockets are not read until the mailbox has room again. */
  #paused: Set<Client> | null = null;
  readonly #mailbox: Mailbox;
  readonly #runner: HandlerRunner;
  #resolveStopped!: () => void;

  constructor(
    readonly definition: RoomDefinition,
    readonly address: RoomAddress,
    private readonly services: RoomServices,
  ) {
    const { options, service } = definition;
    this.#mailbox = new Mailbox(this, options.limits.mailbox, services.clock, options.handlerTimeoutMs);
    this.#runner = new HandlerRunner(this);
    this.outbox = services.createOutbox(options.coalesce, dropSlow);
    this.timers = new RoomTimers(`jamsocket:${service}/${address.key}:`, services, this);
    this.occupancy = new Occupancy(options, services.clock, () => this.#drain());
    this.stopped = new Promise((resolve) => (this.#resolveStopped = resolve));
  }

  /** Builds the instance and runs `@OnCreate`. Rejects if either fails; the room has stopped then. */
  async start(): Promise<void> {
    try {
      await this.#withinTimeout(this.#build());
      this.timers.schedule(this.definition.scheduled);
    } catch (error) {
      await this.#finish();
      throw error;
    }
    this.state = 'running';
    this.#mailbox.open();
  }

  now(): number {
    return this.services.clock.now();
  }

  /** Nothing is under way in it: it has started, and no turn runs or waits. */
  get isIdle(): boolean {
    return this.state !== 'starting' && this.#mailbox.isIdle;
  }

  /** Its clients, those included whose `@OnConnect` has not begun. */
  get members(): Client[] {
    return [...this.clients.values(), ...(this.#joining ?? [])];
  }

  /** Keeps the room alive for a client that is on its way. @returns false if the room is stopping */
  reserve(): boolean {
    if (this.state !== 'running') return false;
    this.occupancy.reserve();
    return true;
  }

  /** The client with the reservation is here. */
  join(client: Client, connection: Connection): void {
    client.id = ++this.#lastClientId;
    client.room = this;
    client.address = this.address;
    client.connection = connection;
    client.inboundRate = InboundRate.of(this.definition.options.limits, this.now());
    this.occupancy.join();
    (this.#joining ??= new Set()).add(client);
    this.post({ type: 'connect', client });
  }

  /** The client's connection has ended. */
  leave(client: Client): void {
    this.clients.delete(client.id);
    this.#paused?.delete(client);
    this.outbox.leave(client.connection!);
    this.post({ type: 'disconnect', client });
  }

  receive(event: ClientEvent): void {
    if (!this.post(event)) return;
    (this.#paused ??= new Set()).add(event.client);
    event.client.connection?.pause();
  }

  /** Runs a call from outside as a turn. */
  invoke(call: RoomCall): void {
    if (this.state === 'draining' || this.state === 'stopped') call.refuse();
    else this.post({ type: 'invoke', call });
  }

  /** @returns whether the mailbox is full now */
  post(event: RoomEvent): boolean {
    return this.state !== 'stopped' && this.#mailbox.post(event);
  }

  /** Closes every client and stops. */
  close(code: number, reason: string): void {
    if (this.state !== 'running') return;
    this.state = 'draining';
    for (const client of this.members) client.end(code, reason);
    this.#startDraining();
  }

  /** Stops at once, whatever its handlers are doing. */
  abandon(): Promise<void> {
    return this.#finish();
  }

  takeTurn(event: RoomEvent): void | Promise<void> {
    const instance = this.instance!;
    switch (event.type) {
      case 'text':
        return this.#takeText(instance, event.client, event.text);
      case 'binary':
        return event.client.isDismissed ? undefined : this.#runner.run(instance.binary, event.client, event.bytes);
      case 'connect':
        return this.#takeConnect(instance, event.client);
      case 'disconnect':
        return this.#takeDisconnect(instance, event.client);
      case 'timer':
        return this.#takeTimer(instance, event.timer);
      case 'invoke':
        return event.call.run();
      case 'destroy':
        return this.#takeDestroy(instance);
    }
  }

  turnTimedOut(event: RoomEvent): void {
    const what = event.type === 'timer' ? `timer "${event.timer.name}"` : event.type;
    const ms = this.definition.options.handlerTimeoutMs;
    const message = `The ${what} handler of ${this.definition.type.name} has not finished in ${ms} ms; room "${this.address.key}" moves on without it.`;
    this.#runner.report(new JamsocketError('handler_timeout', message));
    if (event.type === 'disconnect') this.occupancy.leave();
    if (event.type === 'destroy') void this.#finish();
  }

  mailboxDrained(): void {
    const paused = this.#paused;
    this.#paused = null;
    for (const client of paused ?? []) client.connection?.resume();
  }

  #takeText(instance: RoomInstance, client: Client, text: string): void | Promise<void> {
    if (client.isDismissed) return;
    if (instance.events.size === 0) return this.#runner.run(instance.text, client, text);
    try {
      const { handler, message, event, id } = routeText(instance, text);
      return this.#runner.run(handler, client, message, { event, id });
    } catch (error) {
      return this.#runner.fail(error, undefined, client, text, {});
    }
  }

  #takeConnect(instance: RoomInstance, client: Client): void | Promise<void> {
    this.#joining?.delete(client);
    if (client.closed === undefined) {
      this.clients.set(client.id, client);
      this.outbox.join(client.connection!);
    }
    // A client that the room could not take in must not stay and wonder: its @OnDisconnect follows.
    return this.#runner.run(instance.connect, client, undefined, {}, () =>
      client.end(CLOSE_INTERNAL_ERROR, 'connect failed'),
    );
  }

  #takeDisconnect(instance: RoomInstance, client: Client): void | Promise<void> {
    const turn = this.#runner.run(instance.disconnect, client, undefined);
    if (turn === undefined) return this.occupancy.leave();
    return turn.then(() => this.occupancy.leave());
  }

  #takeTimer(instance: RoomInstance, timer: RoomTimer): void | Promise<void> {
    if (!this.timers.taken(timer)) return;
    const handler = timer.method === undefined ? instance.timers.get(timer.name) : instance.scheduled.get(timer.method);
    return this.#runner.run(handler, undefined, undefined);
  }

  #takeDestroy(instance: RoomInstance): Promise<void> {
    return Promise.resolve(this.#runner.run(instance.destroy, undefined, undefined)).then(() => this.#finish());
  }

  async #build(): Promise<void> {
    this.instance = await this.definition.instantiate(this.context);
    await this.#runner.create(this.instance);
  }

  /** A room that never gets ready must not keep its place, nor those who wait for it. */
  async #withinTimeout(work: Promise<void>): Promise<void> {
    const { clock } = this.services;
    const ms = this.definition.options.handlerTimeoutMs;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      const message = `${this.definition.type.name} was not ready after ${ms} ms: @OnCreate or a provider of the room has not finished.`;
      timer = clock.setTimeout(() => reject(new JamsocketError('handler_timeout', message)), ms);
    });
    try {
      await Promise.race([work, timeout]);
    } finally {
      clock.clearTimeout(timer!);
    }
  }

  /** Nobody is here any more. */
  #drain(): void {
    if (this.state !== 'running') return;
    this.state = 'draining';
    this.#startDraining();
  }

  #startDraining(): void {
    this.occupancy.cancelStop();
    this.timers.clearAll();
    this.#mailbox.post({ type: 'destroy' });
  }

  async #finish(): Promise<void> {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.timers.clearAll();
    this.context.abort();
    for (const event of this.#mailbox.abandon()) {
      if (event.type === 'invoke') event.call.refuse();
    }
    await this.#runner.destroyProviders(this.instance);
    this.#resolveStopped();
  }
}

function dropSlow(connection: Connection): void {
  connection.drop(CLOSE_TRY_AGAIN_LATER, 'too slow');
}
