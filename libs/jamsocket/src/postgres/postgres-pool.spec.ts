import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { Pool } from 'pg';
import { ignoreIdleErrors, withClient } from './postgres-pool.js';

const ENDED = new Error('terminating connection due to administrator command');

/** A connection that the server ends within the packet that opens it. */
class EndedClient extends EventEmitter {
  connect(connected: (error?: Error) => void): void {
    setImmediate(() => {
      connected();
      this.emit('error', ENDED);
    });
  }

  query(): Promise<never> {
    return Promise.reject(ENDED);
  }

  end(ended?: () => void): void {
    ended?.();
  }
}

const poolOfEnded = () => {
  const pool = new Pool({ Client: EndedClient } as object);
  ignoreIdleErrors(pool);
  return pool;
};

describe('withClient', () => {
  it('rejects, and nothing else, if the server ends a connection as soon as it is open', async () => {
    const pool = poolOfEnded();
    await expect(withClient(pool, 10_000, (client) => client.query('SELECT 1'))).rejects.toBe(ENDED);
    expect(pool.totalCount).toBe(0);
  });

  it('returns a connection that comes too late, and leaves no listener on it', async () => {
    class LateClient extends EndedClient {
      /** What the pool asks before it keeps a connection. */
      readonly _queryable = true;

      override connect(connected: () => void): void {
        setTimeout(connected, 20);
      }
    }
    const pool = new Pool({ Client: LateClient } as object);
    const returned = new Promise<EventEmitter>((resolve) => {
      pool.on('release', (_error, client) => setImmediate(resolve, client as unknown as EventEmitter));
    });
    await expect(withClient(pool, 1, () => Promise.reject(ENDED))).rejects.toThrow('no answer in 1 ms');
    // The pool's own listener is the only one.
    expect((await returned).listenerCount('error')).toBe(1);
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]);
    await pool.end();
  });
});
