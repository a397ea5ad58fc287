import { Redis } from 'ioredis';
import { freePort, startRedis, type TestServer } from './servers.js';

/** Starts a Redis Cluster of three masters and waits until each knows all others. */
export async function startRedisCluster(program: string): Promise<readonly TestServer[]> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'yes'];
  const nodes: { readonly server: TestServer; readonly bus: number }[] = [];
  for (let at = 0; at < 3; at++) {
    // The bus of a node listens 10,000 above its port by default: too high for many free ports.
    const bus = await freePort();
    nodes.push({ server: await startRedis(program, [...settings, '--cluster-port', `${bus}`]), bus });
  }
  const clients = nodes.map(({ server: { port } }) => new Redis({ port, host: '127.0.0.1' }));
  const slots = [0, 5_461, 10_923, 16_384];
  for (const [at, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', slots[at], slots[at + 1] - 1);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
  }
  for (const { server, bus } of nodes) await clients[0].call('CLUSTER', 'MEET', '127.0.0.1', server.port, bus);
  for (const client of clients)
    await untilDone(async () => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      if (!info.includes('cluster_state:ok') || !info.includes('cluster_known_nodes:3')) throw new Error(info);
    });
  clients.forEach((client) => client.disconnect());
  return nodes.map(({ server }) => server);
}

/** Asks again until it does not fail any more. */
export async function untilDone<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 400) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
