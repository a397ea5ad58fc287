import { isIoRedis } from './connect-like.js';
import { IoRedisSubscriber } from './ioredis-subscriber.js';
import { NodeRedisSubscriber } from './node-redis-subscriber.js';
import { RECONNECT_MS, type IoRedisClient, type NodeRedisClient } from './redis-connection.js';
import type { RedisSubscriber } from './redis-subscriber.js';

/** Receives what is published to a channel: in a Redis Cluster, to a sharded channel. */
export class RedisSubscription {
  #subscriber: RedisSubscriber | undefined;
  #isClosed = false;
  /** Resolves when it is subscribed, or closed. */
  readonly ready: Promise<void>;

  constructor(
    private readonly redis: IoRedisClient | NodeRedisClient,
    private readonly channel: string,
    private readonly receive: (message: Buffer) => void,
  ) {
    this.ready = this.#subscribe();
  }

  close(): void {
    this.#isClosed = true;
    this.#subscriber?.close();
  }

  async #subscribe(): Promise<void> {
    while (!this.#isClosed) {
      const subscriber = isIoRedis(this.redis, 'The relay')
        ? new IoRedisSubscriber(this.redis)
        : new NodeRedisSubscriber(this.redis);
      this.#subscriber = subscriber;
      try {
        // The libraries deliver messages of a closed connection that they have read already.
        await subscriber.subscribe(this.channel, (message) => void (this.#isClosed || this.receive(message)));
        return;
      } catch {
        subscriber.close();
        await new Promise((resolve) => void setTimeout(resolve, RECONNECT_MS));
      }
    }
  }
}
