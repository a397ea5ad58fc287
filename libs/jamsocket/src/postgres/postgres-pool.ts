/** The part of a `Pool` of npm `pg` that the store uses. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>;
  /** @param destroy close the connection instead of returning it to the pool */
  release(destroy?: boolean): void;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

export interface PostgresResult {
  // The columns are those of the query.
  readonly rows: any[];
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
  const connecting = pool.connect();
  // A connection that comes too late is returned unused.
  connecting.then(
    (client) => isLate && client.release(),
    () => undefined,
  );
  try {
    const client = await Promise.race([connecting, late]);
    return await lent(client, Promise.race([late, work(client)]));
  } finally {
    clearTimeout(timer);
  }
}

async function lent<T>(client: PostgresClient, result: Promise<T>): Promise<T> {
  // A broken connection also emits an error; without a listener that would end the process.
  client.on('error', ignore);
  let isUsable = false;
  try {
    const value = await result;
    isUsable = true;
    return value;
  } finally {
    client.release(!isUsable);
    if (isUsable) client.removeListener('error', ignore);
  }
}

export function ignore(): void {}
