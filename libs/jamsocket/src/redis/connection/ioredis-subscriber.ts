import { redisOptionsOf } from './ioredis-connection.js';
import { RECONNECT_MS, type IoRedisClient } from './redis-connection.js';
import type { RedisSubscriber } from './redis-subscriber.js';

interface OwnClient {
  subscribe(channel: string): Promise<unknown>;
  ssubscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  on(event: 'error', listener: () => void): unknown;
  on(event: string, listener: (channel: unknown, message: Buffer) => void): unknown;
}

const retryStrategy = (): number => RECONNECT_MS;
/** Subscribing waits for the first connection. Nothing else is ever sent here. */
const SETTINGS = { enableOfflineQueue: true, maxRetriesPerRequest: null, autoResubscribe: true, retryStrategy };

export class IoRedisSubscriber implements RedisSubscriber {
  readonly #client: OwnClient;
  readonly #isCluster: boolean;

  constructor(client: IoRedisClient) {
    const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => OwnClient;
    this.#isCluster = client.isCluster;
    this.#client = this.#isCluster
      ? duplicate([], {
          // Otherwise it subscribes on a node that does not get the messages (ioredis 5.9 or later).
          shardedSubscribers: true,
          clusterRetryStrategy: retryStrategy,
          redisOptions: redisOptionsOf(client),
        })
      : duplicate(SETTINGS);
    this.#client.on('error', () => undefined);
  }

  async subscribe(channel: string, receive: (message: Buffer) => void): Promise<void> {
    // The plain `message` event would turn bytes into text.
    this.#client.on(this.#isCluster ? 'smessageBuffer' : 'messageBuffer', (_channel, message) => receive(message));
    await (this.#isCluster ? this.#client.ssubscribe(channel) : this.#client.subscribe(channel));
  }

  close(): void {
    this.#client.disconnect();
  }
}
