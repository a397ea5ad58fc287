/** The part of a `Pool` of npm `pg` that the store uses. */
export interface PostgresPool {
  /** Gives a connection, or the error of connecting. */
  connect(callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void;
  /** Listens to errors of idle connections. */
  on(event: 'error', listener: () => void): unknown;
}

/** A connection of the pool. */
export interface PostgresClient {
  /** Runs one statement. */
  query(text: string, values?: unknown[]): Promise<PostgresResult>;
  /**
   * Returns the connection to the pool.
   * @param destroy close the connection instead
   */
  release(destroy?: boolean): void;
  /** Listens to errors of the connection. */
  on(event: 'error', listener: () => void): unknown;
  /** Removes a listener of `on`. */
  removeListener(event: 'error', listener: () => void): unknown;
}

/** Result of a statement. */
export interface PostgresResult {
  // The columns are those of the query.
  readonly rows: any[];
}

const watchedPools = new WeakSet<PostgresPool>();

/**
 * Ignores the errors of idle connections: the pool replaces such a connection by itself. Without a listener an error would
 * end the process, even after the stores of the pool have closed, so the listener stays: one for each pool.
 */
export function ignoreIdleErrors(pool: PostgresPool): void {
  if (watchedPools.has(pool)) return;
  watchedPools.add(pool);
  pool.on('error', ignore);
}

/**
 * Runs `work` with a connection of the pool. After `timeoutMs` the connection is closed.
 * @throws any error of `work`; Error after `timeoutMs`
 */
export async function withClient<T>(
  pool: PostgresPool,
  timeoutMs: number,
  work: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let isLate = false;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new Error(`no answer in ${timeoutMs} ms`));
    }, timeoutMs);
  });
  const connecting = connect(pool);
  // A connection that comes too late is returned unused.
  connecting.then(
    (client) => isLate && giveBack(client, true),
    () => undefined,
  );
  try {
    const client = await Promise.race([connecting, late]);
    return await lent(client, Promise.race([late, work(client)]));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A broken connection emits an error, which would end the process without a listener. The listener is added in the pool's
 * callback: the server may end a connection within the same packet that opens it, before a promise's reactions run.
 */
function connect(pool: PostgresPool): Promise<PostgresClient> {
  return new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (client === undefined) return reject(error!);
      client.on('error', ignore);
      resolve(client);
    });
  });
}

async function lent<T>(client: PostgresClient, result: Promise<T>): Promise<T> {
  let isUsable = false;
  try {
    const value = await result;
    isUsable = true;
    return value;
  } finally {
    giveBack(client, isUsable);
  }
}

function giveBack(client: PostgresClient, isUsable: boolean): void {
  client.release(!isUsable);
  if (isUsable) client.removeListener('error', ignore);
}

function ignore(): void {}
