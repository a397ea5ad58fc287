import { compact } from '../wire/compact.js';
import type { Client } from '../members/client.js';
import type { RoomTimer } from '../timers/pending-timer.js';
import type { TurnRecord } from './turns/turn-record.js';

/** Everything that can happen to a running room. All of it goes through the mailbox. */
export type RoomEvent =
  | { readonly type: 'connect'; readonly client: Client }
  | { readonly type: 'resume'; readonly client: Client; readonly admitted: Client }
  | { readonly type: 'auth'; readonly client: Client; readonly admitted: Client }
  | { readonly type: 'text'; readonly client: Client; readonly text: string }
  | { readonly type: 'binary'; readonly client: Client; readonly bytes: Buffer }
  | { readonly type: 'disconnect'; readonly client: Client }
  | { readonly type: 'timer'; readonly timer: RoomTimer }
  | { readonly type: 'invoke'; readonly call: RoomCall }
  | { readonly type: 'destroy' };

/** A message of a client. */
export type ClientEvent = Extract<RoomEvent, { type: 'text' | 'binary' }>;

/** Bytes of the event's payload. Text counts two bytes a character, the most it can take in memory. */
export function bytesOf(event: RoomEvent): number {
  if (event.type === 'text') return event.text.length * 2;
  return event.type === 'binary' ? event.bytes.length : 0;
}

/** Length of the payload: bytes, or characters of a text. */
export function lengthOf(event: ClientEvent): number {
  return event.type === 'text' ? event.text.length : event.bytes.length;
}

/** Copies the bytes of an event that has to wait, so that they do not keep the much larger chunk they came in. */
export function compacted<Event extends RoomEvent>(event: Event): Event {
  return event.type === 'binary' ? { ...event, bytes: compact(event.bytes) } : event;
}

/** How a mailbox keeps room events. */
export const ROOM_EVENTS = { bytesOf, compacted };

/** A method call from outside the room. It gets its own turn. */
export interface RoomCall {
  /** For logs and observers: `ChatRoom.count`. */
  readonly name: string;
  /** Runs a function in the async context of the caller; `undefined` while no observer wants turns. */
  readonly runAsCaller: (<T>(run: () => T) => T) | undefined;
  /** Never throws; a promise never rejects. */
  run(record: TurnRecord | undefined): void | Promise<void>;
  /** The call could not be run. */
  fail(error: unknown): void;
  /** The room has stopped. */
  refuse(): void;
}
