import type { RoomKey } from '../../store/room-store.js';
import type { TargetQuestion } from '../messages.js';

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
  targetOf({ room, forNew, owner = this.locate(room) ?? null }: TargetQuestion): string | undefined {
    const name = `${room.service}\0${room.key}`;
    if (owner !== null) {
      this.#promised.delete(name);
      return this.takes(owner) ? owner : undefined;
    }
    const now = this.now();
    this.#forget(now);
    const promised = this.#promised.get(name);
    if (promised !== undefined && this.takes(promised.node)) return promised.node;
    if (!this.takes(forNew)) return undefined;
    this.#promised.delete(name);
    this.#promised.set(name, { node: forNew, until: now + PROMISE_MS });
    return forNew;
  }

  #forget(now: number): void {
    for (const [name, { until }] of this.#promised) {
      if (until > now) return;
      this.#promised.delete(name);
    }
  }
}
