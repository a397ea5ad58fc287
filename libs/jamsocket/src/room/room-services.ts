import type { Connection } from '../connection/connection.js';
import type { Outbox } from '../connection/outbox.js';
import type { JamsocketClock, JamsocketRandom } from '../jamsocket.sources.js';
import type { AddressCounts } from './address-counts.js';
import type { JamsocketObservers } from './jamsocket-observers.js';
import type { TimerRegistry } from './timer-registry.js';

/** What all rooms of an application share. */
export interface RoomServices {
  readonly clock: JamsocketClock;
  readonly random: JamsocketRandom;
  readonly timers: TimerRegistry;
  readonly observers: JamsocketObservers;
  /** Clients whose connection is lost and who may come back. */
  readonly placesKept: AddressCounts;
  createOutbox(coalesce: boolean, dropSlow: (connection: Connection) => void): Outbox;
}
