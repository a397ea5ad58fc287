import {
  RECONNECT_MS,
  type ConnectionTimes,
  type IoRedisClient,
  type RedisCommand,
  type RedisConnection,
} from './redis-connection.js';
import { UnansweredCommands, type UnansweredClient } from './unanswered.js';

interface Pipeline {
  callBuffer(...args: readonly (string | Buffer)[]): unknown;
  exec(): Promise<[Error | null, unknown][] | null>;
}

interface OwnClient extends UnansweredClient {
  pipeline(): Pipeline;
  connect(): Promise<void>;
  disconnect(): void;
  on(event: 'error', listener: () => void): unknown;
}

/** By default ioredis repeats commands after a reconnect and queues them while offline. Both could send a stale write. */
const NO_RESENDING = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => RECONNECT_MS,
  // The primary has become a replica: reconnect to find the new primary. Redis 6 puts other words before this one.
  reconnectOnError: (error: Error) => error.message.includes('READONLY'),
};

export class IoRedisConnection implements RedisConnection {
  readonly #client: OwnClient;
  readonly #isCluster: boolean;
  readonly #unanswered: UnansweredCommands;
  #connecting: Promise<void> | undefined;

  constructor(client: IoRedisClient, { deadAfterMs }: ConnectionTimes) {
    // Without the last one, a Sentinel that hangs would keep it from connecting.
    const timeouts = {
      socketTimeout: deadAfterMs,
      connectTimeout: deadAfterMs,
      sentinelCommandTimeout: deadAfterMs,
    };
    const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => OwnClient;
    this.#isCluster = client.isCluster;
    const { retryStrategy, lazyConnect, enableOfflineQueue } = NO_RESENDING;
    this.#client = this.#isCluster
      ? duplicate([], {
          lazyConnect,
          enableOfflineQueue,
          clusterRetryStrategy: retryStrategy,
          redisOptions: {
            ...redisOptionsOf(client),
            ...timeouts,
            autoResendUnfulfilledCommands: false,
          },
        })
      : duplicate({ ...NO_RESENDING, ...timeouts });
    // Without a listener ioredis prints every failed reconnect. Failed commands reject anyway.
    this.#client.on('error', () => undefined);
    this.#unanswered = new UnansweredCommands(this.#client);
  }

  async send(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    // Ignored if the first try fails: the commands then reject, and ioredis keeps trying.
    if (this.#client.status === 'wait') this.#connecting = this.#client.connect().catch(() => undefined);
    await this.#connecting;
    if (!this.#isCluster) return this.#pipeline(commands);
    // A pipeline of a cluster must stay within one slot.
    const replies: unknown[] = Array.from({ length: commands.length });
    const buckets = new Map<number, number[]>();
    for (const [at, { bucket }] of commands.entries()) {
      const positions = buckets.get(bucket);
      if (positions === undefined) buckets.set(bucket, [at]);
      else positions.push(at);
    }
    const send = async (positions: readonly number[]) => {
      const answers = await this.#pipeline(positions.map((at) => commands[at]));
      positions.forEach((at, index) => (replies[at] = answers[index]));
    };
    await Promise.all([...buckets.values()].map(send));
    return replies;
  }

  post(args: readonly (string | Buffer)[]): boolean {
    return !this.#isCluster && this.#unanswered.send(args);
  }

  async close(): Promise<void> {
    this.#client.disconnect();
  }

  async #pipeline(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    const pipeline = this.#client.pipeline();
    for (const { args } of commands) pipeline.callBuffer(...args);
    const results = (await pipeline.exec()) ?? [];
    return results.map(([error, reply]) => error ?? reply);
  }
}

/** The application's settings for the nodes of its cluster: user, password, TLS. */
export function redisOptionsOf(client: IoRedisClient): object {
  return (client as { options?: { redisOptions?: object } }).options?.redisOptions ?? {};
}
