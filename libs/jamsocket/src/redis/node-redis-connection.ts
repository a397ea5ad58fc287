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
  readonly #client: OwnClient;
  readonly #isCluster: boolean;
  #connecting: Promise<void> | undefined;

  constructor(client: NodeRedisClient, times: ConnectionTimes) {
    this.#isCluster = isNodeRedisCluster(client);
    const duplicate = client.duplicate.bind(client) as (options?: object) => OwnClient;
    this.#client = this.#isCluster ? duplicate() : duplicate(noResending(client, times));
    // Without a listener an error would end the process. Failed commands reject anyway.
    this.#client.on('error', () => undefined);
  }

  async send(commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
    await (this.#connecting ??= this.#connect());
    const replies = commands.map(({ key, args }) => this.#sendOne(key, args));
    const settled = await Promise.allSettled(replies);
    return settled.map((result): unknown => (result.status === 'fulfilled' ? result.value : result.reason));
  }

  async close(): Promise<void> {
    if (this.#connecting === undefined) return;
    try {
      this.#client.destroy();
    } catch {
      // It was closed already.
    }
  }

  #sendOne(key: string | undefined, args: Args): Promise<unknown> {
    return this.#isCluster
      ? (this.#client as unknown as OwnCluster).sendCommand(key, false, args, OPTIONS)
      : this.#client.sendCommand(args, OPTIONS);
  }

  /** Resolves when the first try has ended. node-redis keeps trying; until then commands fail at once. */
  #connect(): Promise<void> {
    return new Promise((resolve) => {
      this.#client.once('error', () => resolve());
      this.#client.connect().then(
        () => resolve(),
        () => {
          // node-redis has given up: the next command tries again.
          this.#connecting = undefined;
          resolve();
        },
      );
    });
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
