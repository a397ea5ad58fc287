/** A client of ioredis, version 5 or 6: `new Redis()` or `new Cluster()`. */
export interface IoRedisClient {
  /** Of ioredis. */
  pipeline(...args: never[]): unknown;
  /** Of ioredis. */
  callBuffer(...args: never[]): unknown;
  /** Of ioredis. */
  duplicate(...args: never[]): unknown;
  readonly isCluster: boolean;
}

/** A client of node-redis (npm `redis`), version 5 or 6: `createClient()` or `createCluster()`. */
export interface NodeRedisClient {
  /** Of node-redis. */
  sendCommand(...args: never[]): unknown;
  /** Of node-redis. */
  duplicate(...args: never[]): unknown;
  /** Of node-redis. */
  connect(): unknown;
}

export interface RedisCommand {
  /** A key of the command, which selects the node of a cluster; `undefined` if any node will do. */
  readonly key: string | undefined;
  /** Commands with the same bucket have keys in the same slot. */
  readonly bucket: number;
  readonly args: readonly (string | Buffer)[];
}

/** A connection of the library's own. Replies are the same with both libraries: Buffers, numbers, and arrays of them. */
export interface RedisConnection {
  /**
   * Sends commands in one pipeline, in order. Resolves with the reply, or the error, of each command. A command is never
   * sent twice and never waits for a lost connection.
   */
  send(commands: readonly RedisCommand[]): Promise<readonly unknown[]>;
  /**
   * Sends a command without a reply, after everything that was sent before. A lost connection is not noticed by it.
   * @returns false if this connection cannot do that now: nothing was sent
   */
  post(args: readonly (string | Buffer)[]): boolean;
  close(): Promise<void>;
}

export interface ConnectionTimes {
  /** After this time without a reply to a command, the connection counts as dead, and another one is opened. */
  readonly deadAfterMs: number;
  /** How often an idle connection is tested. Less than `deadAfterMs`. */
  readonly pingEveryMs: number;
}

/** Long commits must not cut the connection of a store. */
export const STORE_TIMES: ConnectionTimes = { deadAfterMs: 10_000, pingEveryMs: 3_000 };
export const RECONNECT_MS = 150;
