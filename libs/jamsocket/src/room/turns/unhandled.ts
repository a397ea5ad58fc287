import { Hints, isDevelopment } from '../../base/hints.js';
import type { RoomDefinition } from '../room-definition.js';

/** How many event names a hint lists. */
const MAX_NAMES = 20;

const hints = new WeakMap<RoomDefinition, Hints>();

/** In development, logs a message that the room's class has no handler for. */
export function hintAtUnhandled(definition: RoomDefinition, what: string, events: Iterable<string> = []): void {
  if (!isDevelopment()) return;
  let given = hints.get(definition);
  if (given === undefined) hints.set(definition, (given = new Hints(definition.logger)));
  const names = [...events]
    .slice(0, MAX_NAMES)
    .map((event) => `"${event}"`)
    .join(', ');
  given.give(
    `A client of ${definition.type.name} sent a message that no handler takes: ${what}${names && ` Events of the class: ${names}.`}`,
  );
}
