import type { DurableRoom } from '../durable/durable-room.js';
import type { Client } from '../members/client.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { RoomDefinition } from './room-definition.js';
import type { Link } from '../outbox/link.js';
import type { Outbox } from '../outbox/outbox.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { AddressCounts } from '../base/address-counts.js';
import type { JamsocketObservers } from '../observe/jamsocket-observers.js';
import type { TimerRegistry } from '../timers/timer-registry.js';

/** What all rooms of an application share. */
export interface RoomServices {
  readonly clock: JamsocketClock;
  readonly random: JamsocketRandom;
  readonly timers: TimerRegistry;
  readonly observers: JamsocketObservers;
  /** Clients whose connection is lost and whose places are kept, by address. */
  readonly placesKept: AddressCounts;
  /** Connections that this server has closed and whose sockets have not ended yet. */
  readonly closing: Set<Link>;
  /** `null` for rooms that are not durable. */
  createLifecycle(room: DurableRoom, definition: RoomDefinition): RoomLifecycle<Client> | null;
  createOutbox(coalesce: boolean, dropMember: (connection: Link) => void): Outbox;
}
