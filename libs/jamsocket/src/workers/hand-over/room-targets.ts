import type { RoomKey } from '../../store/room-store.js';
import type { TargetQuestion } from '../messages.js';
import { nameOfRoom } from '../../store/name-of-room.js';

/** Milliseconds that a worker has to begin a room it was promised: as long as a connect may take by default. */
const PROMISE_MS = 10_000;

interface Promised {
  readonly node: string;
  readonly until: number;
}

/**
 * Says which worker a client's socket goes to, in the primary. A room that nobody has is promised to one worker, so that
 * clients which arrive at several workers while it begins meet there.
 */
export class RoomTargets {
  /** In the order of their ends. */
  readonly #promised = new Map<string, Promised>();

  constructor(
    private readonly locate: (room: RoomKey) => string | undefined,
    /** Whether sockets can be given to a node. */
    private readonly takes: (node: string) => boolean,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @returns the node that has the room or is to begin it, if sockets can be given to it */
  targetOf({ room, forNew, owner: told }: TargetQuestion): string | undefined {
    const name = nameOfRoom(room);
    const owner = told === undefined ? this.locate(room) : told;
    const now = this.now();
    this.#forget(now);
    if (typeof owner === 'string') {
      // Who looked before the room began may ask after this.
      if (told !== undefined && this.takes(owner)) this.#promise(name, owner, now);
      else this.#promised.delete(name);
      return this.takes(owner) ? owner : undefined;
    }
    const promised = this.#promised.get(name);
    if (promised !== undefined && this.takes(promised.node)) return promised.node;
    if (!this.takes(forNew)) return undefined;
    this.#promise(name, forNew, now);
    return forNew;
  }

  #promise(name: string, node: string, now: number): void {
    this.#promised.delete(name);
    this.#promised.set(name, { node, until: now + PROMISE_MS });
  }

  #forget(now: number): void {
    for (const [name, { until }] of this.#promised) {
      if (until > now) return;
      this.#promised.delete(name);
    }
  }
}
