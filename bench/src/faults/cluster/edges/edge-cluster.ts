import { Victim } from '../../durable/victim.js';
import { MIB, type Row } from '../../fault.js';
import { EchoProbe } from './echo-probe.js';
import { RedisServer } from '../redis-server.js';

const program = new URL('./edge-server.js', import.meta.url).pathname;

/** What a node tells about itself, after a garbage collection. */
export interface EdgeFigures {
  /** Heap and external memory. */
  readonly heldBytes: number;
  readonly rss: number;
  /** Largest resident memory since the last figures, garbage included. */
  readonly mostRss: number;
  readonly clients: number;
  readonly handled: number;
}

/** Three nodes: the owner of all rooms, an edge that something happens to, and another edge, whose clients time their echoes. */
export class EdgeCluster {
  private constructor(
    readonly redis: RedisServer,
    readonly owner: Victim,
    readonly edge: Victim,
    readonly probe: EchoProbe,
    private readonly other: Victim,
  ) {}

  static async start(): Promise<EdgeCluster> {
    const redis = await RedisServer.start();
    const env = { NODE_ENV: 'production', REDIS_URL: redis.url };
    const command = [process.execPath, '--expose-gc', program];
    const node = () => Victim.on({ command, env, ready: 'it is ready' });
    const nodes = [await node(), await node(), await node()];
    const [owner, edge, other] = nodes;
    try {
      await Promise.all(nodes.map((victim) => victim.start()));
      const probe = await EchoProbe.join(other, (room) => own(owner, room));
      return new EdgeCluster(redis, owner, edge, probe, other);
    } catch (error) {
      await Promise.all(nodes.map((victim) => victim.stop()));
      await redis.stop();
      throw error;
    }
  }

  /** Makes a room at the owner. */
  own(room: string): Promise<void> {
    return own(this.owner, room);
  }

  /** What the owner needs. */
  figures(): Promise<EdgeFigures> {
    const answer = this.owner.answer<EdgeFigures>('figures');
    this.owner.send({});
    return answer;
  }

  /** How many clients the owner has. Does not disturb it. */
  clients(): Promise<number> {
    const answer = this.owner.answer<number>('now');
    this.owner.send('clients');
    return answer;
  }

  async stop(): Promise<void> {
    this.probe.leave();
    await Promise.all([this.owner, this.edge, this.other].map((node) => node.stop()));
    await this.redis.stop();
  }
}

async function own(owner: Victim, room: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${owner.port}/ws/${room}`, { method: 'POST' });
  if (response.status !== 201) throw new Error(`${room} was not made: ${response.status}`);
}

/** A row for memory that has grown by so much. */
export function growthRow(what: string, from: number, to: number, boundMib: number): Row {
  const grown = (to - from) / MIB;
  return {
    what,
    bound: `≤ ${boundMib} MiB more`,
    measured: `${grown.toFixed(1)} MiB more (${(to / MIB).toFixed(0)} MiB)`,
    isMet: grown <= boundMib,
  };
}
