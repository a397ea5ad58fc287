import type { RoomKey } from './room-store.js';

/** A text that no other room has, for keys of maps: names of services and rooms contain no NUL character. */
export function nameOfRoom({ service, key }: RoomKey): string {
  return `${service}\0${key}`;
}
