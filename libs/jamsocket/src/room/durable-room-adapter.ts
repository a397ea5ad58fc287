import { CloseCode } from '../base/protocol.js';
import type { DurableRoom } from '../durable/durable-room.js';
import type { Client } from '../members/client.js';
import type { Members } from '../members/members.js';
import type { Occupancy } from '../members/occupancy.js';
import type { RoomAddress } from '../members/room-address.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { RoomPort } from '../members/room-port.js';
import type { ObserverSet } from '../observe/observer-set.js';
import type { PresenceMap } from '../presence/presence-map.js';
import type { RoomKey } from '../store/room-store.js';
import type { HandlerRunner } from './turns/handler-runner.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import type { RoomDefinition, RoomInstance } from './room-definition.js';
import type { RoomEnd } from './room-end.js';
import type { RoomEvent } from './room-event.js';
import type { RoomStates } from '../shared-state/room-states.js';
import type { RoomTimers } from '../timers/room-timers.js';

interface AdaptedRoom extends RoomPort<Client> {
  readonly context: JamsocketContext;
  readonly definition: RoomDefinition;
  readonly instance: RoomInstance | null;
  readonly members: Members;
  readonly states: RoomStates | null;
  readonly timers: RoomTimers;
  readonly occupancy: Occupancy;
  readonly end: RoomEnd;
  readonly observer: ObserverSet | null;
  readonly presence: PresenceMap | null;
  readonly key: RoomKey;
  readonly handed: { isAwaited(id: number): boolean } | null;
}

/** The room as durability sees it: rooms that are not durable have none. */
export class DurableRoomAdapter implements DurableRoom {
  constructor(
    private readonly room: AdaptedRoom,
    private readonly mailbox: Mailbox<RoomEvent>,
    private readonly runner: HandlerRunner,
  ) {}

  get key(): RoomKey {
    return this.room.key;
  }

  get address(): RoomAddress {
    return this.room.address;
  }

  get context(): JamsocketContext {
    return this.room.context;
  }

  get observer(): ObserverSet | null {
    return this.room.observer;
  }

  get className(): string {
    return this.room.definition.type.name;
  }

  get stateHolders(): readonly object[] {
    return this.room.instance!.hooks.instances;
  }

  get isBetweenTurns(): boolean {
    return this.mailbox.isIdle;
  }

  get states(): RoomStates | null {
    return this.room.states;
  }

  get members(): Members {
    return this.room.members;
  }

  get timers(): RoomTimers {
    return this.room.timers;
  }

  isAwaited(id: number): boolean {
    return this.room.handed?.isAwaited(id) ?? false;
  }

  readmit(client: Client): void {
    client.room = this.room;
    this.room.occupancy.join();
    client.isCounted = true;
    this.room.presence?.joined(client);
    if (client.auth !== null) this.room.authChanged(client, null);
  }

  leave(client: Client, code: number, reason: string): void {
    this.room.leave(client, code, reason);
  }

  lost(): void {
    this.room.end.lose(CloseCode.serviceRestart, 'the room has moved');
  }

  park(): void {
    for (const client of this.members.all) {
      client.isParked = true;
      client.endNow(CloseCode.tryAgainLater, 'the store does not answer');
      client.isParked = false;
    }
  }

  report(error: unknown): void {
    this.runner.report(error);
  }
}
