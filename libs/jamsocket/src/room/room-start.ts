import { isPromiseLike } from '../base/after.js';
import { RefusedError, RoomElsewhereError } from '../base/errors.js';
import { isInstance } from '../base/foreign-value.js';
import type { JamsocketClock } from '../base/sources.js';
import { withinTimeout } from '../base/within-timeout.js';
import type { Client } from '../members/client.js';
import type { RoomAddress } from '../members/room-address.js';
import type { JamsocketContext } from '../members/room-context.js';
import type { RoomLifecycle } from '../members/room-lifecycle.js';
import type { RoomState } from '../members/room-port.js';
import type { ObserverSet } from '../observe/observer-set.js';
import type { RoomTimers } from '../timers/room-timers.js';
import type { HandlerRunner } from './turns/handler-runner.js';
import type { RoomDefinition, RoomInstance } from './room-definition.js';
import type { TransientRecord } from '../durable/transient-record.js';
import type { HandedRoom } from '../durable/handed-room.js';
import type { RoomEnd } from './room-end.js';

/** What a room offers to the code that starts it. */
interface StartingRoom {
  readonly state: RoomState;
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
  readonly context: JamsocketContext;
  readonly lifecycle: RoomLifecycle<Client> | null;
  readonly timers: RoomTimers;
  readonly end: RoomEnd;
  readonly clock: JamsocketClock;
  readonly observer: ObserverSet | null;
  instance: RoomInstance | null;
  claim(): Promise<unknown> | undefined;
  shareStates(instance: RoomInstance): void;
  handed: HandedRoom | null;
  restoreMoved(record: TransientRecord): Promise<void>;
  /** The room runs from now on. */
  open(): void;
}

/** What the steps of a start need. */
interface Start {
  readonly room: StartingRoom;
  readonly runner: HandlerRunner;
  readonly mustBeSaved: boolean;
}

/**
 * Builds the room's instance, restores what was saved, runs `@OnCreate` and opens the room; at once if no step has to wait, as
 * in most rooms. If a step fails, the room stops and this rejects. If the room is abandoned in the meantime, this resolves and
 * the room is not opened. Never throws.
 * @param mustBeSaved fail if there is no saved record
 */
export function startRoom(room: StartingRoom, runner: HandlerRunner, mustBeSaved: boolean): void | Promise<void> {
  let isReady: boolean | Promise<boolean>;
  try {
    isReady = makeReady({ room, runner, mustBeSaved });
    if (isReady === true) room.timers.schedule(room.definition.scheduled);
  } catch (error) {
    return failStart(room, error);
  }
  if (isReady instanceof Promise) return startLater(room, isReady);
  if (isReady) room.open();
}

async function startLater(room: StartingRoom, ready: Promise<boolean>): Promise<void> {
  try {
    if (!(await ready)) return;
    room.timers.schedule(room.definition.scheduled);
  } catch (error) {
    return failStart(room, error);
  }
  room.handed = null;
  room.open();
}

async function failStart(room: StartingRoom, error: unknown): Promise<never> {
  if (!isRefusal(error, room.instance)) room.observer?.roomFailed(room.context, error);
  room.handed?.failed(error);
  await room.end.finish();
  throw error;
}

/** Whether the room was not to be made here, so that nothing of it has failed. `@OnCreate` may fail to make other rooms. */
function isRefusal(error: unknown, instance: RoomInstance | null): boolean {
  if (isInstance(error, RefusedError)) return error.code === 'too_many_rooms' && instance === null;
  return isInstance(error, RoomElsewhereError);
}

/** @returns false if the room was abandoned in the meantime */
function makeReady(start: Start): boolean | Promise<boolean> {
  const steps = runSteps(start, 0);
  return steps === undefined ? !isStopped(start.room) : inTime(steps, start.room);
}

async function inTime(steps: Promise<void>, room: StartingRoom): Promise<boolean> {
  const { type, options } = room.definition;
  const ready = withinTimeout(
    steps,
    options.handlerTimeoutMs,
    room.clock,
    () =>
      `${type.name} was not ready after ${options.handlerTimeoutMs} ms: @OnCreate or a provider of the room has not finished.`,
  );
  // Do not wait longer if the room is abandoned.
  await room.end.readyOrStopped(ready);
  return !isStopped(room);
}

const STEPS: readonly ((start: Start) => void | Promise<unknown>)[] = [
  takeOver,
  ({ room }) => room.claim(),
  instantiate,
  restore,
  ({ room }) => room.handed?.membersRestored(),
  ({ room }) => runHooks(room, 0),
  ({ room, runner }) => runner.create(room.instance!),
  ({ room }) => room.lifecycle?.started(),
];

/** Runs the steps from this one on, until the room is stopped. */
function runSteps(start: Start, from: number): void | Promise<void> {
  for (let at = from; at < STEPS.length; at++) {
    if (isStopped(start.room)) return;
    const waits = STEPS[at](start);
    if (waits !== undefined) return waits.then(() => runSteps(start, at + 1));
  }
}

function instantiate({ room }: Start): void | Promise<void> {
  const instance = room.definition.instantiate(room.context);
  return instance instanceof Promise ? instance.then((built) => take(room, built)) : take(room, instance);
}

function take(room: StartingRoom, instance: RoomInstance): void | Promise<void> {
  room.instance = instance;
  // The room was stopped while the instance was built: destroy what was built.
  if (isStopped(room)) return room.end.destroyProviders();
  room.shareStates(instance);
}

async function restoreSaved(
  lifecycle: RoomLifecycle<Client>,
  { key }: RoomAddress,
  mustBeSaved: boolean,
): Promise<void> {
  await lifecycle.restore();
  if (!mustBeSaved || lifecycle.restored !== undefined) return;
  // If that fails, an empty record stays, which is as good as none.
  await lifecycle.delete().catch(() => undefined);
  throw new RefusedError(404, 'no_such_room', `There is no room "${key}".`);
}

/** Another node may be about to hand the room over. */
function takeOver({ room }: Start): void | Promise<void> {
  return room.handed?.isGranted.then((isGranted) => {
    if (!isGranted) room.handed = null;
  });
}

function restore({ room, mustBeSaved }: Start): void | Promise<void> {
  const { lifecycle, address, handed } = room;
  if (lifecycle === null && handed?.record !== undefined) return room.restoreMoved(handed.record);
  if (lifecycle !== null) return restoreSaved(lifecycle, address, mustBeSaved);
}

/** `onModuleInit` of the room's providers, one after another. */
function runHooks(room: StartingRoom, from: number): void | Promise<void> {
  const { init } = room.instance!.hooks;
  for (let at = from; at < init.length; at++) {
    if (isStopped(room)) return;
    const result = init[at].run();
    if (isPromiseLike(result)) return Promise.resolve(result).then(() => runHooks(room, at + 1));
  }
}

/** A function, since the state changes while the callers wait. */
function isStopped(room: StartingRoom): boolean {
  return room.state === 'stopped';
}
