import type { Connection } from '../connection/connection.js';
import type { Outbox } from '../connection/outbox.js';
import type { JamsocketClock } from '../jamsocket.sources.js';
import type { TimerRegistry } from './timer-registry.js';

/** What all rooms of an application share. */
export interface RoomServices {
  readonly clock: JamsocketClock;
  readonly timers: TimerRegistry;
  createOutbox(coalesce: boolean, dropSlow: (connection: Connection) => void): Outbox;
}
