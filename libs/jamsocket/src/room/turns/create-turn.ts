import { isPromiseLike } from '../../base/after.js';
import type { RoomAddress } from '../../members/room-address.js';
import type { JamsocketContext } from '../../members/room-context.js';
import type { ObserverSet } from '../../observe/observer-set.js';
import type { TurnBounds } from '../../replies/turn-streams.js';
import type { Handler, RoomDefinition } from '../room-definition.js';
import { countFailure } from './failure.js';
import { filterCreateError } from './turn-failure.js';
import { TurnRecord } from './turn-record.js';
import { inTurn, type TurningRoom } from './turn-scope.js';

/** What a new room offers to the code that runs its `@OnCreate`. */
interface NewRoom extends TurningRoom {
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
  readonly context: JamsocketContext;
  /** `null` while no observer is registered. */
  readonly observer: ObserverSet | null;
  now(): number;
}

/**
 * Runs `@OnCreate`. Exception filters see its error; this rejects with it in any case, so that the connect or call fails
 * too. Never throws.
 */
export function runCreate(room: NewRoom, create: Handler, bounds: TurnBounds): void | Promise<void> {
  const { observer } = room;
  return observer !== null && observer.wantsTurns
    ? recordCreate(room, create, bounds, observer)
    : callCreate(room, create, bounds);
}

async function recordCreate(room: NewRoom, create: Handler, bounds: TurnBounds, observer: ObserverSet): Promise<void> {
  const record = new TurnRecord(room, create.name, create.kind, undefined, undefined);
  await record.run(observer, async () => {
    try {
      await callCreate(room, create, bounds);
    } catch (error) {
      record.fail(error);
    }
  });
  if (record.hasFailed) throw record.error;
}

function callCreate(room: NewRoom, create: Handler, bounds: TurnBounds): void | Promise<void> {
  let created: Promise<unknown> | undefined;
  try {
    created = inTurn(room, undefined, () => {
      const result = create.call(undefined, undefined, room.context, bounds);
      // Not outside of the turn: a promise may have a `then` of its own that does the work.
      return isPromiseLike(result) ? Promise.resolve(result) : undefined;
    });
  } catch (error) {
    return failCreate(room, create, error);
  }
  return created?.then(
    () => undefined,
    (error) => failCreate(room, create, error),
  );
}

async function failCreate(room: NewRoom, create: Handler, error: unknown): Promise<never> {
  countFailure(room.definition, create.name, error);
  await filterCreateError(room, create, error);
  throw error;
}
