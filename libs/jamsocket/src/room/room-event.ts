import { compact } from '../wire/compact.js';
import type { Client } from '../members/client.js';
import type { TurnRecord } from './turn-record.js';

/** A timer that has fired and whose event is on its way to the handler. Cancelled in between, it is not handled. */
export interface RoomTimer {
  readonly name: string;
  /** The method Nest's `@Interval`, `@Timeout` or `@Cron` stands on; `undefined` for `setTimer`. */
  readonly method?: string;
  isCancelled: boolean;
}

/** Everything that can happen to a running room, one union: all of it passes the mailbox. */
export type RoomEvent =
  | { readonly type: 'connect'; readonly client: Client }
  | { readonly type: 'resume'; readonly client: Client }
  | { readonly type: 'text'; readonly client: Client; readonly text: string }
  | { readonly type: 'binary'; readonly client: Client; readonly bytes: Buffer }
  | { readonly type: 'disconnect'; readonly client: Client }
  | { readonly type: 'timer'; readonly timer: RoomTimer }
  | { readonly type: 'invoke'; readonly call: RoomCall }
  | { readonly type: 'destroy' };

/** A message of a client. */
export type ClientEvent = Extract<RoomEvent, { type: 'text' | 'binary' }>;

/** Bytes of its payload. Text counts two bytes a character, which is the most it takes in memory. */
export function bytesOf(event: RoomEvent): number {
  if (event.type === 'text') return event.text.length * 2;
  return event.type === 'binary' ? event.bytes.length : 0;
}

/** Of its payload: bytes, or characters of a text. */
export function lengthOf(event: ClientEvent): number {
  return event.type === 'text' ? event.text.length : event.bytes.length;
}

/** The event as it may wait: its bytes do not pin the much larger chunk they came in. */
export function compacted<Event extends RoomEvent>(event: Event): Event {
  return event.type === 'binary' ? { ...event, bytes: compact(event.bytes) } : event;
}

/** How a mailbox keeps them. */
export const ROOM_EVENTS = { bytesOf, compacted };

/** A method called from outside the room, as a turn of its own. */
export interface RoomCall {
  /** Names the method: `ChatRoom.count`. */
  readonly name: string;
  /** Runs a function in the async context of the caller; only while somebody observes. */
  readonly runAsCaller: (<T>(run: () => T) => T) | undefined;
  /** Never throws; a promise never rejects. */
  run(record: TurnRecord | undefined): void | Promise<void>;
  /** It could not be run. */
  fail(error: unknown): void;
  /** The room has stopped. */
  refuse(): void;
}
