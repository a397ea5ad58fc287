import type { Dice } from '../durable/dice.js';
import { Traffic, type TrafficSize } from '../durable/traffic.js';
import { Victim } from '../durable/victim.js';

const COUNT = 3;
/** 24 clients in 6 rooms. Slow enough for a machine that also runs three nodes and Redis on the same cores. */
export const SIZE: TrafficSize = { rooms: 6, clients: 24, everyMs: 200 };

/** Where a node runs. */
export interface Seat {
  /** Programs that run before it, such as those that choose a network. */
  readonly before: readonly string[];
  readonly host: string;
}

const HERE: Seat = { before: [], host: '127.0.0.1' };

/** Three processes of the demo with the same Redis, and the load balancer before them. */
export class Nodes {
  /** The load balancer sends no new clients there. */
  readonly out = new Set<Victim>();

  private constructor(
    readonly all: readonly Victim[],
    private readonly seats: readonly Seat[],
    private readonly dice: Dice,
  ) {}

  static async start(
    redisUrl: string,
    dice: Dice,
    { seats = [HERE, HERE, HERE], nodeArgs = [] }: { seats?: readonly Seat[]; nodeArgs?: readonly string[] } = {},
  ): Promise<Nodes> {
    const victims: Victim[] = [];
    for (let at = 0; at < COUNT; at++)
      victims.push(
        await Victim.on({
          command: [...seats[at].before, process.execPath, ...nodeArgs, 'dist/src/main.js'],
          env: { NODE_ENV: 'production', REDIS_URL: redisUrl },
          ready: 'Try the rooms at',
        }),
      );
    const nodes = new Nodes(victims, seats, dice);
    try {
      await Promise.all(victims.map((victim) => victim.start()));
    } catch (error) {
      await nodes.stop();
      throw error;
    }
    return nodes;
  }

  any(): Victim {
    return this.all[this.dice.below(COUNT)];
  }

  /** Host and port of a random node that the load balancer uses. */
  place(): string {
    const usable = this.all.filter((victim) => victim.isRunning && !this.out.has(victim));
    const victim = usable.length === 0 ? this.any() : usable[this.dice.below(usable.length)];
    return this.placeOf(victim);
  }

  /** Clients in all rooms, at random nodes. */
  traffic(run: string): Promise<Traffic> {
    return Traffic.begin(run, this.dice, () => this.place(), SIZE);
  }

  /** Some clients connect again, to any node, so that a new node gets its share. */
  shuffle(traffic: Traffic): void {
    for (const client of traffic.clients) if (this.dice.below(3) === 0) client.cut();
  }

  /** The node that has a ledger room. */
  async ownerOf(room: string): Promise<Victim | undefined> {
    for (const victim of this.all) {
      if (!victim.isRunning || this.out.has(victim)) continue;
      const url = `http://${this.placeOf(victim)}/cluster?service=ledger&room=${encodeURIComponent(room)}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      if (response?.ok !== true) continue;
      const { owner } = (await response.json()) as { owner?: string };
      const pid = Number(owner?.split(':').at(-1));
      return this.all.find((other) => other.isRunning && other.pid === pid);
    }
    return undefined;
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((victim) => victim.stop()));
  }

  private placeOf(victim: Victim): string {
    return `${this.seats[this.all.indexOf(victim)].host}:${victim.port}`;
  }
}
