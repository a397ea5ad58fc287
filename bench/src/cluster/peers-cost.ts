import type { RedisServer } from '../faults/cluster/redis-server.js';
import type { Row } from '../faults/fault.js';
import type { ProtocolName } from '../load/protocols.js';
import { nextRun } from '../measure.js';
import { summaryOf } from '../statistics.js';
import { ClusterProcess, measureAt } from './cluster-peer.js';
import { FAN_OUT_100 } from './cluster-workloads.js';
import { barRow } from './relay-cost.js';

interface ClusterPeer {
  readonly server: string;
  readonly title: string;
  readonly protocol: ProtocolName;
}

const OURS: ClusterPeer = { server: 'ours-cluster', title: 'nestjs-jamsocket', protocol: 'raw' };
const PEERS: readonly ClusterPeer[] = [
  { server: 'socketio-streams', title: 'socket.io with its Redis streams adapter', protocol: 'socketIo' },
  { server: 'colyseus-redis', title: 'Colyseus with Redis presence and driver', protocol: 'colyseus' },
];
const TIMES_AS_MANY = 10;

/** The same fan-out over two processes, with half of the clients at each, in turn. */
export async function measurePeers(redis: RedisServer, rounds: number): Promise<Row[]> {
  const all = [OURS, ...PEERS];
  const running = new Map<ClusterPeer, readonly ClusterProcess[]>();
  const costs = new Map(all.map((peer) => [peer, [] as number[]]));
  try {
    for (const peer of all)
      running.set(peer, [
        await ClusterProcess.start(peer.server, redis.url),
        await ClusterProcess.start(peer.server, redis.url),
      ]);
    for (const peer of all) await costOf(peer, running.get(peer)!, 500);
    for (let round = 0; round < rounds; round++)
      for (const peer of all.map((_, at) => all[(at + round) % all.length]))
        costs.get(peer)!.push(await costOf(peer, running.get(peer)!));
  } finally {
    await Promise.all([...running.values()].flat().map((server) => server.stop()));
  }
  const ours = costs.get(OURS)!;
  const median = (peer: ClusterPeer) => summaryOf(costs.get(peer)!)!.median.toFixed(2);
  return [
    {
      what: 'CPU s of both processes for a million deliveries',
      bound: 'report',
      measured: all.map((peer) => `${peer.title}: ${median(peer)}`).join('; '),
      isMet: true,
    },
    ...PEERS.map((peer) => {
      const ratios = costs.get(peer)!.map((theirs, round) => theirs / ours[round]);
      return barRow(`our deliveries a CPU second, to ${peer.title}`, summaryOf(ratios)!, undefined, TIMES_AS_MANY);
    }),
  ];
}

async function costOf(
  { server, protocol }: ClusterPeer,
  [one, two]: readonly ClusterProcess[],
  measureMs = FAN_OUT_100.measureMs,
): Promise<number> {
  const run = nextRun();
  if (server === OURS.server) await one.own(`${FAN_OUT_100.kind}/${run}-0`);
  const placing = { at: one, second: two, protocol, pids: [one.pid, two.pid], run };
  const { cpuOf } = await measureAt({ ...FAN_OUT_100, measureMs }, placing);
  return cpuOf[0] + cpuOf[1];
}
