import { isNodeRedisCluster } from './node-redis-connection.js';
import { RECONNECT_MS, type NodeRedisClient } from './redis-connection.js';
import type { RedisSubscriber } from './redis-subscriber.js';

type Receive = (message: Buffer) => void;

interface OwnClient {
  connect(): Promise<unknown>;
  subscribe(channel: string, receive: Receive, asBuffers: true): Promise<unknown>;
  sSubscribe(channel: string, receive: Receive, asBuffers: true): Promise<unknown>;
  destroy(): void;
  on(event: 'error', listener: () => void): unknown;
}

export class NodeRedisSubscriber implements RedisSubscriber {
  readonly #client: OwnClient;
  readonly #isCluster: boolean;
  #isClosed = false;

  constructor(client: NodeRedisClient) {
    this.#isCluster = isNodeRedisCluster(client);
    const duplicate = client.duplicate.bind(client) as (options?: object) => OwnClient;
    // A cluster must not wait for masters that are gone.
    this.#client = duplicate(this.#isCluster ? { minimizeConnections: true } : constantRetry(client));
    // Without a listener an error would end the process.
    this.#client.on('error', () => undefined);
  }

  async subscribe(channel: string, receive: Receive): Promise<void> {
    await this.#client.connect();
    if (this.#isClosed) return this.close();
    await (this.#isCluster
      ? this.#client.sSubscribe(channel, receive, true)
      : this.#client.subscribe(channel, receive, true));
  }

  close(): void {
    this.#isClosed = true;
    try {
      this.#client.destroy();
    } catch {
      // It was closed already.
    }
  }
}

function constantRetry(client: NodeRedisClient): object {
  const { options } = client as { options?: { socket?: object } };
  // Merged: a new `socket` object would lose the host and port.
  return { socket: { ...options?.socket, reconnectStrategy: () => RECONNECT_MS } };
}
