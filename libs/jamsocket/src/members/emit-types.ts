import type { EventsIn } from '../decorators/contract.js';
import type { SendOptions } from './send-options.js';

/** Names of the events that a room sends. */
export type EventName<Events> = keyof EventsIn<Events> & string;

/** Arguments of `emit` after the event's name. Data is optional if it may be undefined. */
export type EmitArguments<Events, Event extends EventName<Events>> = undefined extends EventsIn<Events>[Event]
  ? [data?: EventsIn<Events>[Event], options?: SendOptions]
  : [data: EventsIn<Events>[Event], options?: SendOptions];
