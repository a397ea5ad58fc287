import { JamsocketError, RefusedError } from '../base/errors.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { addressNamed, mistakeInParam } from './room-name.js';

/** How often a generator of the application's may come up with an id that is in use. */
const MAX_ATTEMPTS = 100;

/** What is asked of the registry of all rooms. */
export interface TakenIds {
  isTaken(definition: RoomDefinition, key: string): boolean;
  /** Rooms of the service that have not stopped. */
  countOf(definition: RoomDefinition): number;
  /** Rooms that have stopped so far: only these give ids back. */
  readonly stops: number;
}

/** Finds ids that no room has. */
export class FreeRoomIds {
  /** Services that had no free id, when so many rooms had stopped. */
  readonly #exhausted = new Map<RoomDefinition, number>();

  constructor(private readonly taken: TakenIds) {}

  /**
   * Of ids that do not repeat, one more than there are rooms have to be tried at the most.
   * @throws RefusedError `too_many_rooms` if no id is free, JamsocketError `bad_configuration` if the application's own
   * generator returns what is no id
   */
  next(definition: RoomDefinition): string {
    const { ids, type } = definition;
    if (this.#exhausted.get(definition) !== this.taken.stops) {
      const most = ids.count === undefined ? MAX_ATTEMPTS : Math.min(ids.count, this.taken.countOf(definition) + 1);
      for (let attempt = 0; attempt < most; attempt++) {
        const id = validId(ids.next(), definition);
        if (!this.taken.isTaken(definition, addressNamed(definition, id).key)) return id;
      }
      if (ids.count !== undefined) this.#exhausted.set(definition, this.taken.stops);
    }
    const why =
      ids.count === undefined
        ? `the function of the option roomIds returned ${MAX_ATTEMPTS} ids in a row that are in use`
        : `all ${ids.count} ids are in use`;
    throw new RefusedError(503, 'too_many_rooms', `${type.name}: ${why}.`);
  }
}

function validId(id: unknown, { type, options }: RoomDefinition): string {
  const mistake =
    typeof id === 'string' ? mistakeInParam(id, options.limits.maxRoomIdLength) : `is of type ${typeof id}`;
  if (mistake === undefined) return id as string;
  throw new JamsocketError(
    'bad_configuration',
    `${type.name}: the function of the option roomIds returned a room id that ${mistake}.`,
  );
}
