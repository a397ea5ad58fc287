import type { Connection } from '../connection/connection.js';
import type { Outbox } from '../connection/outbox.js';
import type { JamsocketClock, JamsocketRandom } from '../jamsocket.sources.js';
import type { TimerRegistry } from './timer-registry.js';

/** What all rooms of an application share. */
export interface RoomServices {
  readonly clock: JamsocketClock;
  readonly random: JamsocketRandom;
  readonly timers: TimerRegistry;
  createOutbox(coalesce: boolean, dropSlow: (connection: Connection) => void): Outbox;
}
