import { JamsocketConfigurationError } from '../base/errors.js';
import { assertOptionNames } from '../base/checks/option-mistake.js';
import type { ClusterDriver, DriverCheck } from '../cluster/cluster-driver.js';
import type { Directory } from '../cluster/directory.js';
import type { Relay } from '../cluster/relay.js';
import { assertPrefix } from './assert-prefix.js';
import { connectLike, isClusterClient } from './connection/connect-like.js';
import { describeRedis, readServer, redisFailure, type ServerFacts } from './describe-redis.js';
import type { ConnectionTimes, IoRedisClient, NodeRedisClient } from './connection/redis-connection.js';
import { RedisDirectory } from './redis-directory.js';
import { RedisRelay } from './redis-relay.js';

/** Options of a RedisCluster. */
export interface RedisClusterOptions {
  /**
   * The application's client, of ioredis or node-redis. Only its settings are used: a node opens three connections of its
   * own with them.
   */
  readonly redis: IoRedisClient | NodeRedisClient;
  /** Prefix of all keys and channels: letters, digits and `_ : . -`. Default `jamsocket`. The same on all nodes. */
  readonly prefix?: string;
  /**
   * Milliseconds for which rooms pause, and clients wait, while Redis does not answer. After that the node gives up its rooms
   * and closes their clients with 1013. Default 10,000.
   */
  readonly graceMs?: number;
}

const NAME = 'RedisCluster';
const MAX_GRACE_MS = 3_600_000;
const MIB = 1_024 * 1_024;
/** A dead connection must be noticed within one lease. */
const TIMES: ConnectionTimes = { deadAfterMs: 2_000, pingEveryMs: 1_000 };
/** Defaults of Redis: hard limit, soft limit, and seconds above the soft limit. */
const DEFAULT_PUBSUB_LIMIT = [32 * MIB, 8 * MIB] as const;
const MAX_UNDER_WAY = 4 * MIB;

/** A directory and a relay in Redis or Valkey, one server or a Redis Cluster. */
export class RedisCluster implements ClusterDriver {
  readonly #redis: IoRedisClient | NodeRedisClient;
  readonly #prefix: string;
  readonly #isSharded: boolean;
  readonly graceMs: number | undefined;

  /** @throws TypeError if `redis`, `prefix` or `graceMs` is invalid, and for an unknown option */
  constructor(options: RedisClusterOptions) {
    assertOptionNames(NAME, options, ['redis', 'prefix', 'graceMs']);
    const { redis, prefix = 'jamsocket', graceMs } = options;
    assertPrefix(NAME, prefix);
    if (graceMs !== undefined && !(Number.isSafeInteger(graceMs) && graceMs >= 0 && graceMs <= MAX_GRACE_MS))
      throw new TypeError(
        `${NAME}: graceMs is ${String(graceMs)}, but must be a whole number from 0 to ${MAX_GRACE_MS}.`,
      );
    this.graceMs = graceMs;
    this.#redis = redis;
    this.#prefix = prefix;
    this.#isSharded = isClusterClient(redis, NAME);
  }

  async check(): Promise<DriverCheck> {
    const connection = connectLike(this.#redis, NAME, TIMES);
    try {
      const facts = await readServer(connection).catch((error: unknown) => {
        throw new Error(redisFailure(error), { cause: error });
      });
      this.#mustBeAble(facts);
      return { description: describeRedis(facts), maxBytesUnderWay: underWayOf(facts) };
    } finally {
      await connection.close();
    }
  }

  /** The directory of the cluster, on a connection of its own. Called by the module. */
  openDirectory(): Directory {
    return new RedisDirectory(connectLike(this.#redis, NAME, TIMES), this.#prefix);
  }

  /** The relay between the nodes, on connections of its own. Called by the module. */
  openRelay(): Relay {
    return new RedisRelay(this.#redis, connectLike(this.#redis, NAME, TIMES), this.#prefix);
  }

  #mustBeAble({ version, settings }: ServerFacts): void {
    const needed = this.#isSharded ? 7 : 6.2;
    const [major, minor] = (version ?? `${needed}`).split('.');
    if (Number(`${major}.${minor ?? 0}`) < needed)
      throw new JamsocketConfigurationError(
        `${NAME}: Redis ${version} is too old. ${this.#isSharded ? 'A Redis Cluster' : 'It'} needs version ${needed.toFixed(1)} or later.`,
      );
    const policy = settings.get('maxmemory-policy') ?? '';
    if (settings.get('maxmemory') !== '0' && policy.startsWith('allkeys-'))
      throw new JamsocketConfigurationError(
        `${NAME}: with maxmemory-policy ${policy}, Redis may remove the directory of rooms, and a room could run twice. Set maxmemory-policy noeviction.`,
      );
  }
}

/** Half of the soft limit: Redis drops a subscriber that stays above it for a while, or reaches the hard limit. */
function underWayOf({ settings }: ServerFacts): number {
  const limits = /pubsub (\d+) (\d+)/.exec(settings.get('client-output-buffer-limit') ?? '');
  const [hard, soft] = limits ? [Number(limits[1]), Number(limits[2])] : DEFAULT_PUBSUB_LIMIT;
  const orNone = (bytes: number) => (bytes === 0 ? Infinity : bytes);
  return Math.min(MAX_UNDER_WAY, Math.floor(orNone(soft) / 2), Math.floor(orNone(hard) / 4));
}
