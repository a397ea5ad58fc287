import type { RunPermit } from '../cluster/run-permit.js';
import type { RoomKey } from '../store/room-store.js';
import type { DurableRoom } from '../durable/durable-room.js';
import type { Client } from '../members/client.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { RoomDefinition } from './room-definition.js';
import type { UserIndex } from '../auth/user-index.js';
import type { Link } from '../outbox/link.js';
import type { Outbox } from '../outbox/outbox.js';
import type { TickFlusher } from '../outbox/tick-flusher.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { AddressCounts } from '../base/limits/address-counts.js';
import type { JamsocketObservers } from '../observe/jamsocket-observers.js';
import type { TimerRegistry } from '../timers/timer-registry.js';

/** Decides in a cluster which node runs a room. */
export interface Ownership {
  readonly permit: RunPermit;
  /**
   * Makes this node the owner of a room that starts here.
   * @param isHandedOver another node hands it over: limits do not apply
   * @throws RoomElsewhereError if another node owns it; RefusedError `cluster_unavailable`, `too_many_rooms`
   */
  claim(room: RoomKey, isHandedOver: boolean): Promise<unknown>;
  /** The room has stopped here. Never rejects. */
  release(room: RoomKey): Promise<unknown>;
}

/** What all rooms of an application share. */
export interface RoomServices {
  readonly clock: JamsocketClock;
  readonly random: JamsocketRandom;
  readonly timers: TimerRegistry;
  readonly observers: JamsocketObservers;
  /** Clients whose connection is lost and whose places are kept, by address. */
  readonly placesKept: AddressCounts;
  readonly users: UserIndex;
  /** Connections that this server has closed and whose sockets have not ended yet. */
  readonly closing: Set<Link>;
  /** `null` without a cluster. */
  readonly ownership: Ownership | null;
  readonly flusher: TickFlusher;
  /** Whether the room is in the store. @throws if the store does not answer */
  isSaved(definition: RoomDefinition, key: string): Promise<boolean>;
  /** `null` for rooms that are not durable. */
  createLifecycle(room: DurableRoom, definition: RoomDefinition): RoomLifecycle<Client> | null;
  createOutbox(coalesce: boolean, dropMember: (connection: Link) => void): Outbox;
}
