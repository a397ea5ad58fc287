import { assertIncarnation } from '../cluster/assert-incarnation.js';
import type { Relay } from '../cluster/relay.js';
import { isClusterClient } from './connection/connect-like.js';
import type { IoRedisClient, NodeRedisClient, RedisConnection } from './connection/redis-connection.js';
import { RedisSubscription } from './connection/redis-subscription.js';

/** Publishes to one channel a node: in a Redis Cluster, to sharded channels, whose messages stay on one server. */
export class RedisRelay implements Relay {
  readonly #command: 'PUBLISH' | 'SPUBLISH';
  #node = '';
  #subscription: RedisSubscription | undefined;
  #reopen: (() => RedisSubscription) | undefined;
  #isClosed = false;

  /** @param publisher a connection that is closed with the relay */
  constructor(
    private readonly redis: IoRedisClient | NodeRedisClient,
    private readonly publisher: RedisConnection,
    private readonly prefix: string,
  ) {
    this.#command = isClusterClient(redis, 'The relay') ? 'SPUBLISH' : 'PUBLISH';
  }

  async open(node: string, receive: (bytes: Buffer) => void): Promise<void> {
    assertIncarnation(node);
    this.#node = node;
    this.#reopen = () => new RedisSubscription(this.redis, this.#channelOf(node), receive);
    this.reconnect();
    await this.#subscription?.ready;
  }

  send(node: string, bytes: Buffer): void {
    if (this.#isClosed) return;
    const channel = this.#channelOf(node);
    const args = [this.#command, channel, bytes];
    // What a node sends to itself is answered, so that a dead connection is noticed.
    if (node !== this.#node && this.publisher.post(args)) return;
    const command = { key: channel, bucket: 0, args };
    // A message that cannot be sent now is lost.
    this.publisher.send([command]).catch(() => undefined);
  }

  reconnect(): void {
    if (this.#isClosed) return;
    this.#subscription?.close();
    this.#subscription = this.#reopen?.();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#subscription?.close();
    await this.publisher.close();
  }

  #channelOf(node: string): string {
    return `${this.prefix}:relay:${node}`;
  }
}
