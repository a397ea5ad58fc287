import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { RedisCluster } from '../libs/jamsocket/src/redis/redis-cluster.js';
import { Node, Pair, until } from './support/cluster-pair.js';
import { restartClusterNode, startReplicatedRedisCluster } from './support/redis-cluster.js';
import { findRedis, hasServer, startRedis, startSentinel, type TestServer } from './support/servers.js';

const program = findRedis();
const describeRedis = hasServer(program, 'redis-server') ? describe : describe.skip;

async function tells(port: number, words: string): Promise<boolean> {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.info('replication')).includes(words);
  } finally {
    client.disconnect();
  }
}

/** Nodes still reach their room and each other, and no other node has got the room. */
async function isAsBefore(pair: Pair, fence: number): Promise<void> {
  await pair.isWell();
  // Until the next check of its rooms, the new master may have an earlier entry.
  await until(() => pair.ownsTheRoom());
  await pair.isWell();
  expect(pair.fence).toBe(fence);
  expect([...pair.a.events, ...pair.b.events].filter((event) => event.startsWith('lost'))).toEqual([]);
}

describeRedis('A cluster on Redis with Sentinel', () => {
  const servers: TestServer[] = [];
  const clients: Redis[] = [];
  let sentinel: TestServer;
  let asked: Redis;
  let pair: Pair;
  const clientOf = () => {
    const sentinels = [{ host: '127.0.0.1', port: sentinel.port }];
    const client = new Redis({ sentinels, name: 'rooms', lazyConnect: true });
    clients.push(client);
    return client;
  };
  const masterPort = async () =>
    Number(((await asked.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'rooms')) as string[])[1]);
  const isReplicated = async (of: TestServer, by: TestServer) =>
    (await tells(by.port, `master_port:${of.port}`)) && (await tells(by.port, 'master_link_status:up'));
  beforeAll(async () => {
    const master = await startRedis(program!, []);
    const replica = await startRedis(program!, ['--replicaof', `127.0.0.1 ${master.port}`]);
    servers.push(master, replica);
    sentinel = await startSentinel(program!, 'rooms', master);
    asked = new Redis({ port: sentinel.port, host: '127.0.0.1' });
    await until(() => isReplicated(master, replica));
    await until(async () => ((await asked.call('SENTINEL', 'REPLICAS', 'rooms')) as unknown[]).length === 1);
    pair = new Pair(
      new Node(new RedisCluster({ redis: clientOf() })),
      new Node(new RedisCluster({ redis: clientOf() })),
    );
    await pair.start();
  }, 60_000);
  afterAll(async () => {
    await pair.close();
    for (const client of [asked, ...clients]) client.disconnect();
    await Promise.all([sentinel, ...servers].map((server) => server.stop()));
  });

  it('goes on at the replica when the master is killed', async () => {
    const { fence } = pair;
    await servers[0].kill();
    await until(async () => (await masterPort()) === servers[1].port);
    await isAsBefore(pair, fence);
  });

  it('goes on at the other server when the operator asks for a failover', async () => {
    const { fence } = pair;
    servers[0] = await startRedis(program!, ['--replicaof', `127.0.0.1 ${servers[1].port}`], servers[0]);
    await until(() => isReplicated(servers[1], servers[0]));
    // Sentinel asks the master for its replicas every 10 s.
    await until(async () => (await asked.call('SENTINEL', 'FAILOVER', 'rooms')) === 'OK', 30_000);
    await until(async () => (await masterPort()) === servers[0].port);
    await isAsBefore(pair, fence);
  });
});

describeRedis('A cluster on a Redis Cluster whose masters have replicas', () => {
  let servers: TestServer[];
  let ioredis: Cluster;
  let nodeRedis: ReturnType<typeof createCluster>;
  let pair: Pair;
  beforeAll(async () => {
    servers = [...(await startReplicatedRedisCluster(program!))];
    const rootNodes = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
    ioredis = new Cluster(rootNodes, { lazyConnect: true });
    nodeRedis = createCluster({ rootNodes: rootNodes.map((socket) => ({ socket })) });
    for (const client of [ioredis, nodeRedis]) client.on('error', () => undefined);
    pair = new Pair(new Node(new RedisCluster({ redis: ioredis })), new Node(new RedisCluster({ redis: nodeRedis })));
    await pair.start();
  }, 60_000);
  afterAll(async () => {
    await pair.close();
    ioredis.disconnect();
    await Promise.all(servers.map((server) => server.stop()));
  });

  // Each in turn: one has the directory, and one or two have the channels of the nodes.
  it.each([0, 1, 2])('goes on at the replica when master %i is killed', async (at) => {
    const { fence } = pair;
    await servers[at].kill();
    await until(() => tells(servers[at + 3].port, 'role:master'));
    await isAsBefore(pair, fence);
    servers[at] = await restartClusterNode(program!, servers[at]);
    await until(() => tells(servers[at].port, 'master_link_status:up'));
  });
});
