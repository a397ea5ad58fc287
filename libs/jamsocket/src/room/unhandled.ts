import { Hints, isDevelopment } from '../base/hints.js';
import type { RoomDefinition } from './room-definition.js';

/** Of a class's events. */
const MAX_NAMES = 20;

const hints = new WeakMap<RoomDefinition, Hints>();

/** Tells whoever develops the application of a message that no handler of a room's class is for. */
export function hintAtUnhandled(definition: RoomDefinition, what: string, events: Iterable<string> = []): void {
  if (!isDevelopment()) return;
  let given = hints.get(definition);
  if (given === undefined) hints.set(definition, (given = new Hints(definition.logger)));
  const names = [...events]
    .slice(0, MAX_NAMES)
    .map((event) => `"${event}"`)
    .join(', ');
  given.give(
    `A client of ${definition.type.name} sent what no handler is for: ${what}${names && ` Its events: ${names}.`}`,
  );
}
