import { JamsocketError, RefusedError } from '../base/errors.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { addressNamed, mistakeInParam } from './room-name.js';

/** How many ids in use the application's own generator may return in a row. */
const MAX_ATTEMPTS = 100;

/** The part of the room registry that is used here. */
export interface TakenIds {
  isTaken(definition: RoomDefinition, key: string): boolean;
  /** Rooms of the service that have not stopped. */
  countOf(definition: RoomDefinition): number;
  /** Rooms that have stopped so far. An id becomes free only when a room stops. */
  readonly stops: number;
}

/** Finds room ids that are not in use. */
export class FreeRoomIds {
  /** Services that had no free id, with the value of `stops` then: until another room stops there is no need to search. */
  readonly #exhausted = new Map<RoomDefinition, number>();

  constructor(private readonly taken: TakenIds) {}

  /**
   * If ids do not repeat, one of the first (number of rooms + 1) is free, so no more are tried.
   * @throws RefusedError `too_many_rooms` if no id is free, JamsocketError `bad_configuration` if the application's own
   * generator returns an invalid id
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
