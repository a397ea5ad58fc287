import {
  RECONNECT_MS,
  type ConnectionTimes,
  type NodeRedisClient,
  type RedisCommand,
  type RedisConnection,
} from './redis-connection.js';

type Args = readonly (string | Buffer)[];

interface OwnClient {
  sendCommand(args: Args, options: object): Promise<unknown>;
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: string, listener: (error?: unknown) => void): unknown;
  once(event: string, listener: (error?: unknown) => void): unknown;
  readonly isReady: boolean;
}

interface OwnCluster {
  sendCommand(key: string | undefined, isReadonly: boolean, args: Args, options: object): Promise<unknown>;
}

/** Return bulk strings (type `$`, code 36) as Buffers. */
const OPTIONS = { typeMapping: { [36]: Buffer } };

export class NodeRedisConnection implements RedisConnection {
  readonly #isCluster: boolean;
  #client: OwnClient;
  #connecting: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    private readonly redis: NodeRedisClient,
    private readonly times: ConnectionTimes,
  ) {
    this.#isCluster = isNodeRedisCluster(redis);
    this.#client = this.#open();
  }

  async send(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    await (this.#connecting ??= this.#connect());
    const client = this.#client;
    const replies = commands.map(({ key, args }) => this.#sendOne(key, args));
    // The socketTimeout of node-redis finds no dead connection while commands are sent: each write resets it.
    const timer = setTimeout(() => this.#replace(client), this.times.deadAfterMs);
    const settled = await Promise.allSettled(replies);
    clearTimeout(timer);
    return settled.map((result): unknown => (result.status === 'fulfilled' ? result.value : result.reason));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#connecting !== undefined) destroy(this.#client);
  }

  #open(): OwnClient {
    const duplicate = this.redis.duplicate.bind(this.redis) as (options?: object) => OwnClient;
    const client = this.#isCluster ? duplicate() : duplicate(noResending(this.redis, this.times));
    // Without a listener an error would end the process. Failed commands reject anyway.
    client.on('error', () => undefined);
    return client;
  }

  /** Drops a dead connection. Its commands reject. */
  #replace(client: OwnClient): void {
    if (client !== this.#client || this.#isClosed) return;
    this.#client = this.#open();
    this.#connecting = undefined;
    destroy(client);
  }

  #sendOne(key: string | undefined, args: Args): Promise<unknown> {
    return this.#isCluster
      ? (this.#client as unknown as OwnCluster).sendCommand(key, false, args, OPTIONS)
      : this.#client.sendCommand(args, OPTIONS);
  }

  /** Resolves when the first try has ended. node-redis keeps trying; until then commands fail at once. */
  #connect(): Promise<void> {
    const client = this.#client;
    return new Promise((resolve) => {
      client.once('error', () => resolve());
      client.connect().then(
        () => resolve(),
        () => {
          // node-redis has given up: the next command tries again.
          if (client === this.#client) this.#connecting = undefined;
          resolve();
        },
      );
    });
  }
}

function destroy(client: OwnClient): void {
  try {
    client.destroy();
  } catch {
    // It was closed already.
  }
}

export function isNodeRedisCluster(client: NodeRedisClient): boolean {
  return !('isReady' in client);
}

function noResending(client: NodeRedisClient, { deadAfterMs, pingEveryMs }: ConnectionTimes): object {
  const { options = {} } = client as { options?: { socket?: object; commandOptions?: object } };
  return {
    disableOfflineQueue: true,
    pingInterval: pingEveryMs,
    // node-redis 6 makes a timer for each command by default, at six times the cost.
    commandOptions: { ...options.commandOptions, timeout: 0 },
    // Merged: a new `socket` object would lose the host and port.
    socket: {
      ...options.socket,
      socketTimeout: deadAfterMs,
      connectTimeout: deadAfterMs,
      reconnectStrategy: () => RECONNECT_MS,
    },
  };
}
