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

/** Shortest time between two connections, while the server is gone or is a replica. */
const REPLACE_EVERY_MS = 300;
/** Beginning of an error that the server replied with. All others come from the connection. */
const REPLIED = /^[A-Z]+ /;
/** Replies of a server that is not the primary, or not of this slot, any more. */
const MOVED_AWAY = /READONLY|^(?:MOVED|CLUSTERDOWN|MASTERDOWN) /;

/** Return bulk strings (type `$`, code 36) as Buffers. */
const OPTIONS = { typeMapping: { [36]: Buffer } };

export class NodeRedisConnection implements RedisConnection {
  readonly #isCluster: boolean;
  #client: OwnClient;
  #connecting: Promise<void> | undefined;
  #openedAt = 0;
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
    if (settled.some((result) => result.status === 'rejected' && this.#isGone(result.reason))) this.#replace(client);
    return settled.map((result): unknown => (result.status === 'fulfilled' ? result.value : result.reason));
  }

  /** node-redis gives nobody its socket. */
  post(): boolean {
    return false;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#connecting !== undefined) destroy(this.#client);
  }

  /**
   * Whether only another connection can help. node-redis looks for the new master of a slot only if a server sends it there,
   * and stays with a server that has become a replica.
   */
  #isGone(error: unknown): boolean {
    if (performance.now() - this.#openedAt < REPLACE_EVERY_MS) return false;
    const message = error instanceof Error ? error.message : String(error);
    return MOVED_AWAY.test(message) || (this.#isCluster && !REPLIED.test(message));
  }

  #open(): OwnClient {
    this.#openedAt = performance.now();
    const duplicate = this.redis.duplicate.bind(this.redis) as (options?: object) => OwnClient;
    const options = this.#isCluster ? clusterOptions(this.redis, this.times) : noResending(this.redis, this.times);
    const client = duplicate(options);
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

  /** Resolves when the first try has ended. Then commands fail at once until there is a connection. */
  #connect(): Promise<void> {
    const client = this.#client;
    return new Promise((resolve) => {
      // A cluster reports each server that does not answer, and goes on with the next.
      if (!this.#isCluster) client.once('error', () => resolve());
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

/** A lost connection ends the client of that node: its commands fail at once, and the cluster is discovered anew. */
function clusterOptions(client: NodeRedisClient, { deadAfterMs, pingEveryMs }: ConnectionTimes): object {
  const { defaults = {} } = (client as { _options?: { defaults?: { socket?: object } } })._options ?? {};
  const timeouts = { socketTimeout: deadAfterMs, connectTimeout: deadAfterMs };
  const socket = { ...defaults.socket, ...timeouts, reconnectStrategy: false };
  return {
    // Otherwise connecting waits for masters that are gone.
    minimizeConnections: true,
    defaults: { ...defaults, disableOfflineQueue: true, pingInterval: pingEveryMs, socket },
  };
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
