import { Logger } from '@nestjs/common';
import { RefusedError, type RefusalCode } from '../base/errors.js';
import { describeError, isInstance } from '../base/foreign-value.js';
import { isOutage, logOutage } from '../base/log.js';
import type { JamsocketClock } from '../base/sources.js';
import type { Durability } from '../durable/durability.js';
import type { RoomKey } from '../store/room-store.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { addressOfKey } from './room-name.js';
import type { RoomRegistry } from './room-registry.js';
import { nameOfRoom } from '../store/name-of-room.js';

/** How often the store is asked for rooms that are due. */
const EVERY_MS = 1_000;
/** How many rooms are requested from the store at once, and how many are woken at the same time. */
const BATCH = 1_000;
const AT_ONCE = 192;
/** Rooms that could not be woken and are read over in each request, at most. */
const MAX_READ_OVER = 20_000;
/** How long to wait before a room that could not be woken is tried again. */
const LATER_MS = 30_000;

/** After these refusals of a room nothing is left to do here. */
const SETTLED: ReadonlySet<RefusalCode> = new Set(['room_closed', 'room_moved', 'room_stopped', 'draining']);

const logger = new Logger('Jamsocket');

/** Wakes saved rooms when a timer is due or the time to resume of an absent client is over, without a client connecting. */
export class Waker {
  readonly #definitions: ReadonlyMap<string, RoomDefinition>;
  /** Other applications may share the store: they wake their rooms themselves. */
  readonly #services: readonly string[];
  /** For tests, which have no other process and know when to ask. */
  isByHand = false;
  #timer: NodeJS.Timeout | null = null;
  #isBusy = false;
  #isStopped = false;
  #isFailing = false;
  /** Rooms that could not be woken, with the time of the next try, so that they are not tried every second. */
  readonly #later = new Map<string, number>();

  constructor(
    private readonly durability: Durability,
    private readonly registry: RoomRegistry,
    definitions: readonly RoomDefinition[],
    private readonly clock: JamsocketClock,
  ) {
    const durable = definitions.filter(({ options }) => options.durable);
    this.#definitions = new Map(durable.map((definition) => [definition.service, definition]));
    this.#services = [...this.#definitions.keys()];
  }

  start(): void {
    if (this.#isStopped || this.isByHand) return;
    this.#timer = this.clock.setInterval(() => void this.wakeDue(), EVERY_MS);
    void this.wakeDue();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) this.clock.clearInterval(this.#timer);
    this.#timer = null;
  }

  /** When the next room is due that is not running, in milliseconds since 1970. */
  async nextDue(): Promise<number | undefined> {
    const due = await this.durability.due(this.#services, BATCH, Number.MAX_SAFE_INTEGER);
    return due.find(({ room }) => this.#isDue(room))?.dueAt;
  }

  /** Wakes every room that is due. Never rejects. */
  async wakeDue(): Promise<void> {
    if (this.#isBusy || this.#services.length === 0) return;
    this.#isBusy = true;
    try {
      for (let woken = BATCH; woken === BATCH && !this.#isStopped;) woken = await this.#wakeBatch();
      if (this.#isFailing) logger.log('Looking for rooms that are due works again.');
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
    }
    this.#isBusy = false;
  }

  /** @returns how many due rooms were tried; rooms that wait for another try do not count */
  async #wakeBatch(): Promise<number> {
    this.#forgetPast();
    // Rooms that wait for another try are due for longer than the others: they must not be all that the store returns.
    const due = await this.durability.due(this.#services, BATCH + Math.min(this.#later.size, MAX_READ_OVER));
    const rooms = due
      .map(({ room }) => room)
      .filter((room) => this.#isDue(room))
      .slice(0, BATCH);
    const rest = rooms[Symbol.iterator]();
    const wakeSome = async () => {
      for (const room of rest) if (!this.#isStopped) await this.#wake(room);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, wakeSome));
    return rooms.length;
  }

  /** Logs only the first failure of an outage. */
  #failed(error: unknown): void {
    if (!this.#isFailing)
      logger.warn(`Looking for rooms that are due failed, and is retried: ${describeError(error).message}`);
    this.#isFailing = true;
  }

  #forgetPast(): void {
    const now = this.clock.now();
    for (const [name, until] of this.#later) if (until <= now) this.#later.delete(name);
  }

  #isDue(room: RoomKey): boolean {
    const until = this.#later.get(nameOfRoom(room));
    return (until === undefined || until <= this.clock.now()) && this.#isAsleep(room);
  }

  /** A room that runs here may have been claimed by another process: its next save will show that. */
  #isAsleep({ service, key }: RoomKey): boolean {
    const definition = this.#definitions.get(service);
    return definition !== undefined && !this.registry.isTaken(definition, key);
  }

  async #wake(room: RoomKey): Promise<void> {
    const definition = this.#definitions.get(room.service)!;
    try {
      await this.registry.wake(definition, addressOfKey(definition, room.key));
      this.#later.delete(nameOfRoom(room));
    } catch (error) {
      this.#wait(room);
      const what = `Room "${room.key}" could not be woken`;
      if (isOutage(error)) logOutage(logger, what, error, null);
      else if (!isSettled(error)) logger.warn(`${what}: ${describeError(error).message}`);
    }
  }

  #wait(room: RoomKey): void {
    this.#later.set(nameOfRoom(room), this.clock.now() + LATER_MS);
  }
}

/** The room has closed itself, another node has woken it, or this one shuts down. */
function isSettled(error: unknown): boolean {
  return isInstance(error, RefusedError) && SETTLED.has(error.code);
}
