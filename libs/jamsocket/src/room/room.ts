import type { Link } from '../outbox/link.js';
import { CloseCode } from '../base/protocol.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Client } from '../members/client.js';
import type { DurableRoom } from '../durable/durable-room.js';
import { restoreTransient, transientRecord, type TransientRecord } from '../durable/transient-record.js';
import type { HandedRoom } from '../durable/handed-room.js';
import { DurableRoomAdapter } from './durable-room-adapter.js';
import { HandlerRunner } from './turns/handler-runner.js';
import { EventIntake } from './intake/event-intake.js';
import { Mailbox } from '../mailbox/mailbox.js';
import { createMembers } from './create-members.js';
import type { KnownAuth } from '../members/client-auth.js';
import type { Restored, RoomLifecycle } from '../members/room-lifecycle.js';
import { storeUnavailable } from '../durable/room-refusals.js';
import type { Members } from '../members/members.js';
import { Occupancy } from '../members/occupancy.js';
import type { RoomPort, RoomState } from '../members/room-port.js';
import type { ObservedRoom, SentMessage } from '../members/sent-message.js';
import type { RoomAddress } from '../members/room-address.js';
import { JamsocketContext } from '../members/room-context.js';
import { RoomAuth } from './room-auth.js';
import type { RoomDefinition, RoomInstance } from './room-definition.js';
import { ROOM_EVENTS, type RoomEvent } from './room-event.js';
import type { RoomServices } from './room-services.js';
import { MembersNews } from '../presence/members-news.js';
import { PresenceMap } from '../presence/presence-map.js';
import { RoomStates } from '../shared-state/room-states.js';
import type { ObserverSet } from '../observe/observer-set.js';
import type { RoomKey } from '../store/room-store.js';
import { RoomEnd } from './room-end.js';
import { startRoom } from './room-start.js';
import type { RoomTimer } from '../timers/pending-timer.js';
import { RoomTimers } from '../timers/room-timers.js';
import { RoomTurns } from './turns/room-turns.js';
import type { Traffic } from '../traffic/traffic.js';

/** One live room: its clients, its instance of the service and its states from start to stop. */
export class Room extends EventIntake implements RoomPort<Client>, ObservedRoom {
  state: RoomState = 'starting';
  readonly context = new JamsocketContext(this);
  readonly lifecycle: RoomLifecycle<Client> | null;
  readonly members: Members;
  readonly timers: RoomTimers;
  readonly occupancy: Occupancy;
  /** When the room was created: milliseconds on the clock. A whole number, which V8 keeps in the field itself. */
  readonly startedAt: number;
  readonly end: RoomEnd;
  instance: RoomInstance | null = null;
  /** The shared states of the instance; `null` if it has none. */
  states: RoomStates | null = null;
  presence: PresenceMap | null = null;
  /** True once the room has been running, even if it has stopped since. */
  hasStarted = false;
  /** Set while the room is taken over from another node. */
  handed: HandedRoom | null = null;
  movedHere: Restored | undefined = undefined;
  protected readonly mailbox: Mailbox<RoomEvent>;
  readonly #runner: HandlerRunner;
  protected readonly turns: RoomTurns;
  #auth: RoomAuth | null = null;

  constructor(
    readonly definition: RoomDefinition,
    readonly address: RoomAddress,
    private readonly services: RoomServices,
    private readonly onStopped: (room: Room) => void,
  ) {
    super();
    const { options } = definition;
    this.startedAt = Math.round(services.clock.now());
    this.#runner = new HandlerRunner(this);
    this.turns = new RoomTurns(this, this.#runner);
    this.mailbox = new Mailbox(
      this.turns,
      options.limits.mailbox,
      services.clock,
      options.handlerTimeoutMs,
      ROOM_EVENTS,
      services.ownership?.permit,
    );
    this.lifecycle = options.durable ? services.createLifecycle(this.asDurable(), definition) : null;
    this.members = createMembers(options, services, this, this.lifecycle, (client) =>
      this.leave(client, CloseCode.abnormal, 'did not come back'),
    );
    this.timers = new RoomTimers(this, services);
    this.end = new RoomEnd(this, this.mailbox, this.#runner);
    this.occupancy = new Occupancy(options, services.clock, this.end);
  }

  /** Starts the room, as `startRoom`. @param mustBeSaved fail if there is no saved record */
  start(mustBeSaved = false, handed: HandedRoom | null = null): void | Promise<void> {
    this.handed = handed;
    return startRoom(this, this.#runner, mustBeSaved);
  }

  open(): void {
    this.state = 'running';
    this.hasStarted = true;
    if (this.traffic.isCounted) this.traffic.roomsStarted++;
    this.observer?.roomStarted(this.context);
    this.mailbox.open();
    this.end.started();
  }

  /** In a cluster, makes this node the room's owner. @throws as `Ownership.claim` */
  claim(): Promise<unknown> | undefined {
    return this.services.ownership?.claim(this.key, this.handed !== null);
  }

  /** The room as its durability sees it. */
  asDurable(): DurableRoom {
    return new DurableRoomAdapter(this, this.mailbox, this.#runner);
  }

  /** Fills a room that is not durable with what another node has handed over. @throws DurableError `unreadable` */
  async restoreMoved(record: TransientRecord): Promise<void> {
    this.movedHere = await restoreTransient(this.asDurable(), record, this.clock);
  }

  /** What goes along if the room is not durable and moves to another node. @throws DurableError `bad_state` */
  transientRecord(): TransientRecord {
    const leaving = this.mailbox.waiting.flatMap((event) => (event.type === 'disconnect' ? [event.client] : []));
    return transientRecord(this.asDurable(), new Set(leaving), this.clock);
  }

  get key(): RoomKey {
    return { service: this.definition.service, key: this.address.key };
  }

  /** @throws JamsocketConfigurationError for a mistake in the shared states of the instance */
  shareStates({ hooks }: RoomInstance): void {
    const { members, services, definition } = this;
    this.states = members.state = RoomStates.in(hooks.instances, this, services.flusher);
    if (definition.presence === null) return;
    this.presence = new PresenceMap(definition.presence, { members, ...services });
    members.state = new MembersNews(this.states, this.presence, members);
  }

  /** The room has stopped: its address is free. */
  leaveRegistry(): void {
    this.onStopped(this);
  }

  report(error: unknown, client?: Client): void {
    this.#runner.report(error, undefined, client);
  }

  /** Resolves when the room has stopped. */
  get stopped(): Promise<void> {
    return this.end.stopped;
  }

  /** `null` while no observer is registered. */
  get observer(): ObserverSet | null {
    return this.services.observers.current;
  }

  get traffic(): Traffic {
    return this.definition.traffic;
  }

  /** Messages are counted or observed. */
  get isWatched(): boolean {
    return this.definition.traffic.isCounted || this.areMessagesObserved;
  }

  get areMessagesObserved(): boolean {
    const { observer } = this;
    return observer !== null && observer.wantsMessages;
  }

  messageSent(message: SentMessage): void {
    this.observer?.messageSent(this.context, message);
  }

  get clock(): JamsocketClock {
    return this.services.clock;
  }

  now(): number {
    return this.services.clock.now();
  }

  newRequestId(): string {
    return this.services.random.token();
  }

  /** @throws RefusedError `store_unavailable` if a client or call would have to wait for the store */
  requireStore(): void {
    if (this.lifecycle?.isStuck)
      throw storeUnavailable(`Room "${this.address.key}" accepts no clients or calls while its store does not answer.`);
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
      this.presence?.changed(client);
      this.observer?.clientLost(this.context, client);
      return;
    }
    this.leave(client, code, reason);
  }

  /** The client leaves permanently. */
  leave(client: Client, code: number, reason: string): void {
    client.closed = { code, reason };
    client.requests?.left();
    if (this.lifecycle !== null && client.isCounted) this.lifecycle.leaving(client);
    this.#watchEnd(client.connection);
    this.#runner.clientLeft(client);
    this.members.remove(client);
    if (client.auth !== null) this.auth.forget(client);
    this.presence?.left(client);
    if (this.traffic.isCounted) this.traffic.countLeft(code);
    this.observer?.clientLeft(this.context, client, code, reason);
    this.giveUpHeld(client);
    this.postDetached({ type: 'disconnect', client });
  }

  /** Made for the first client that has said who it is. */
  get auth(): RoomAuth {
    return (this.#auth ??= new RoomAuth(this, this.services.users));
  }

  authChanged(client: Client, before: KnownAuth | null): void {
    this.auth.changed(client, before);
  }

  authAnswered(client: Client, answer: string): void {
    this.#auth?.answered(client, answer);
  }

  /** The room has stopped, and its clients are no longer in it. */
  forgetClients(): void {
    this.presence?.stop();
    this.#auth?.forgetAll(this.members.all);
  }

  timerFired(timer: RoomTimer): void {
    this.postDetached({ type: 'timer', timer });
  }

  close(code: number, reason: string): void {
    this.end.close(code, reason);
  }

  destroy(reason: string): void {
    this.end.destroy(reason);
  }

  /** Registers a closed connection whose socket has not ended: a shutdown waits for it. */
  #watchEnd(connection: Link | null): void {
    const { closing } = this.services;
    if (connection === null || connection.hasEnded) return;
    closing.add(connection);
    void connection.ended.then(() => closing.delete(connection));
  }
}

/** The `Room` of a `RoomPort`. @throws TypeError if it is not in this process */
export function localRoom(port: object): Room {
  if (port instanceof Room) return port;
  throw new TypeError('The room is not in this process.');
}
