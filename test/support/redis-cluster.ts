import { Redis } from 'ioredis';
import { freePort, startRedis, type TestServer } from './servers.js';

const CLUSTER = ['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'yes'];
/** A replica takes over about a second after its master is gone. */
const FAST_FAILOVER = ['--cluster-node-timeout', '1000', '--cluster-replica-validity-factor', '0'];

interface ClusterNode {
  readonly server: TestServer;
  readonly bus: number;
}

/** Starts a Redis Cluster of three masters and waits until each knows all others. */
export async function startRedisCluster(program: string): Promise<readonly TestServer[]> {
  const nodes = await startNodes(program, []);
  return withClients(nodes, async (clients) => {
    await join(nodes, clients);
    return nodes.map(({ server }) => server);
  });
}

/** Starts a Redis Cluster of three masters, each with a replica. @returns the masters, then their replicas */
export async function startReplicatedRedisCluster(program: string): Promise<readonly TestServer[]> {
  const masters = await startNodes(program, FAST_FAILOVER);
  const replicas = await startNodes(program, FAST_FAILOVER);
  return withClients([...masters, ...replicas], async (clients) => {
    await join(masters, clients.slice(0, 3));
    await meet(replicas, clients);
    for (const [at, replica] of clients.slice(3).entries()) {
      await replica.call('CLUSTER', 'REPLICATE', String(await clients[at].call('CLUSTER', 'MYID')));
      await untilDone(() => mustTell(replica, ['INFO', 'replication'], 'master_link_status:up'));
    }
    return [...masters, ...replicas].map(({ server }) => server);
  });
}

/** Starts a killed node again, which takes its place in the cluster from its own files. */
export function restartClusterNode(program: string, killed: TestServer): Promise<TestServer> {
  return startRedis(program, [...CLUSTER, ...FAST_FAILOVER, '--cluster-port', `${busOf(killed)}`], killed);
}

/** Ports of the nodes for each other. */
const buses = new WeakMap<TestServer, number>();

function busOf(server: TestServer): number {
  return buses.get(server)!;
}

async function startNodes(program: string, settings: readonly string[]): Promise<readonly ClusterNode[]> {
  const nodes: ClusterNode[] = [];
  for (let at = 0; at < 3; at++) {
    // The bus of a node listens 10,000 above its port by default: too high for many free ports.
    const bus = await freePort();
    const server = await startRedis(program, [...CLUSTER, ...settings, '--cluster-port', `${bus}`]);
    buses.set(server, bus);
    nodes.push({ server, bus });
  }
  return nodes;
}

async function join(nodes: readonly ClusterNode[], clients: readonly Redis[]): Promise<void> {
  const slots = [0, 5_461, 10_923, 16_384];
  for (const [at, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', slots[at], slots[at + 1] - 1);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
  }
  await meet(nodes, clients);
}

async function meet(nodes: readonly ClusterNode[], clients: readonly Redis[]): Promise<void> {
  for (const { server, bus } of nodes) await clients[0].call('CLUSTER', 'MEET', '127.0.0.1', server.port, bus);
  const all = `cluster_known_nodes:${clients.length}`;
  for (const client of clients) await untilDone(() => mustTell(client, ['CLUSTER', 'INFO'], 'cluster_state:ok', all));
}

async function mustTell(client: Redis, [command, ...args]: readonly string[], ...words: string[]): Promise<void> {
  const text = String(await client.call(command, ...args));
  if (!words.every((word) => text.includes(word))) throw new Error(text);
}

async function withClients<T>(nodes: readonly ClusterNode[], use: (clients: readonly Redis[]) => Promise<T>) {
  const clients = nodes.map(({ server: { port } }) => new Redis({ port, host: '127.0.0.1' }));
  try {
    return await use(clients);
  } finally {
    clients.forEach((client) => client.disconnect());
  }
}

/** Asks again until it does not fail any more. */
export async function untilDone<T>(ask: () => Promise<T>, withinMs = 10_000): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries * 25 >= withinMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
