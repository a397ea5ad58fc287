import { RefusedError } from '../base/errors.js';
import type { JamsocketClock } from '../base/sources.js';
import { withinTimeout } from '../base/within-timeout.js';
import type { Client } from '../members/client.js';
import type { RoomAddress } from '../members/room-address.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { RoomState } from '../members/room-port.js';
import type { HandlerRunner } from './handler-runner.js';
import type { RoomDefinition, RoomInstance } from './room-definition.js';
import type { RoomEnd } from './room-end.js';

/** What a room offers to the code that starts it. */
interface StartingRoom {
  readonly state: RoomState;
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
  readonly context: JamsocketContext;
  readonly lifecycle: RoomLifecycle<Client> | null;
  readonly end: RoomEnd;
  instance: RoomInstance | null;
  claim(): Promise<unknown> | undefined;
  shareStates(instance: RoomInstance): void;
}

/**
 * Builds the room's instance, restores what was saved, and runs `@OnCreate`.
 * @param mustBeSaved fail if there is no saved record
 * @returns false if the room was abandoned in the meantime
 */
export async function makeReady(
  room: StartingRoom,
  runner: HandlerRunner,
  clock: JamsocketClock,
  mustBeSaved: boolean,
): Promise<boolean> {
  const { type, options } = room.definition;
  const ready = withinTimeout(
    build(room, runner, mustBeSaved),
    options.handlerTimeoutMs,
    clock,
    () =>
      `${type.name} was not ready after ${options.handlerTimeoutMs} ms: @OnCreate or a provider of the room has not finished.`,
  );
  // Do not wait longer if the room is abandoned.
  await Promise.race([ready, room.end.stopped]);
  return !isStopped(room);
}

async function build(room: StartingRoom, runner: HandlerRunner, mustBeSaved: boolean): Promise<void> {
  const claimed = room.claim();
  if (claimed !== undefined) {
    await claimed;
    if (isStopped(room)) return;
  }
  const instance = (room.instance = await room.definition.instantiate(room.context));
  // The room was stopped while the instance was built: destroy what was built.
  if (isStopped(room)) return room.end.destroyProviders();
  room.shareStates(instance);
  await restore(room, mustBeSaved);
  if (isStopped(room)) return;
  for (const hook of instance.hooks.init) {
    await hook.run();
    if (isStopped(room)) return;
  }
  await runner.create(instance);
  room.lifecycle?.started();
}

async function restore({ lifecycle, address }: StartingRoom, mustBeSaved: boolean): Promise<void> {
  if (lifecycle === null) return;
  await lifecycle.restore();
  if (!mustBeSaved || lifecycle.restored !== undefined) return;
  // If that fails, an empty record stays, which is as good as none.
  await lifecycle.delete().catch(() => undefined);
  throw new RefusedError(404, 'no_such_room', `There is no room "${address.key}".`);
}

/** A function, since the state changes while the callers wait. */
function isStopped(room: StartingRoom): boolean {
  return room.state === 'stopped';
}
