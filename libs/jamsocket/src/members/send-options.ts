import type { EventsIn } from '../decorators/contract.js';
import type { MembersPort, SendPort } from './room-port.js';

/** How a message is sent. */
export interface SendOptions {
  /**
   * Skip this message for clients that are behind, which have unsent bytes. For messages that the next one replaces:
   * positions, cursors, progress. Default `false`.
   */
  volatile?: boolean;
  /**
   * In a room with `save: 'turn'`, send this message at once instead of after the turn is saved. It overtakes what waits, may
   * tell of something that a crash undoes, and is not kept for clients that are away. In other rooms this changes nothing.
   * Default `false`.
   */
  ungated?: boolean;
}

/** @internal What sends in this way. */
export function sendsOf<Client>(members: MembersPort<Client>, options: SendOptions | undefined): SendPort<Client> {
  return options?.ungated ? members.ungated : members;
}

/** Names of the events that a room sends. */
export type EventName<Events> = keyof EventsIn<Events> & string;

/** Arguments of `emit` after the event's name. Data is optional if it may be undefined. */
export type EmitArguments<Events, Event extends EventName<Events>> = undefined extends EventsIn<Events>[Event]
  ? [data?: EventsIn<Events>[Event], options?: SendOptions]
  : [data: EventsIn<Events>[Event], options?: SendOptions];
