/** A client of ioredis, version 5 or 6: `new Redis()` or `new Cluster()`. */
export interface IoRedisClient {
  pipeline(...args: never[]): unknown;
  callBuffer(...args: never[]): unknown;
  duplicate(...args: never[]): unknown;
  readonly isCluster: boolean;
}

/** A client of node-redis (npm `redis`), version 5 or 6: `createClient()` or `createCluster()`. */
export interface NodeRedisClient {
  sendCommand(...args: never[]): unknown;
  duplicate(...args: never[]): unknown;
  connect(): unknown;
}

export interface RedisCommand {
  /** A key that the command is about, for the node of a cluster; `undefined` if any node will do. */
  readonly key: string | undefined;
  /** Commands of one bucket have keys of one slot. */
  readonly bucket: number;
  readonly args: readonly (string | Buffer)[];
}

/** A connection of the store's own, with the same replies from both libraries: Buffers, numbers, and arrays of them. */
export interface RedisConnection {
  /**
   * Sends commands in one go, in their order. Each has a reply, or the error that Redis or the connection answered with.
   * No command is ever sent a second time, and none waits for a connection that is gone.
   */
  send(commands: readonly RedisCommand[]): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** A command without a reply for so long means that the connection is dead. */
export const SOCKET_TIMEOUT_MS = 10_000;
export const RECONNECT_MS = 150;
