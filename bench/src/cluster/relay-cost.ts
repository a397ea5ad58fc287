import type { RedisServer } from '../faults/cluster/redis-server.js';
import type { Row } from '../faults/fault.js';
import { nextRun } from '../measure.js';
import { summaryOf, type Summary } from '../statistics.js';
import type { Workload } from '../workloads.js';
import { ClusterProcess, measureAt, type ClusterFigures } from './cluster-peer.js';
import { CHATTY, type Measured } from './cluster-workloads.js';

const OWNER_BAR = 0.2;
const BOTH_BAR = 1.5;
const WARM_UP_MS = 5_000;

/** Local and remote runs of one round. */
type Round = Readonly<Record<'local' | 'remote', ClusterFigures>>;

/** All clients at the process that has the room, and all clients at another one, in turn, in the same two processes. */
export class RelayCost {
  private constructor(
    private readonly redis: RedisServer,
    private readonly owner: ClusterProcess,
    private readonly edge: ClusterProcess,
  ) {}

  static async start(redis: RedisServer): Promise<RelayCost> {
    const server = () => ClusterProcess.start('ours-cluster', redis.url);
    const cost = new RelayCost(redis, await server(), await server());
    // A process that still compiles what it runs would count that. This workload runs everything most often.
    for (const at of [cost.owner, cost.edge]) await cost.#run({ ...CHATTY, measureMs: WARM_UP_MS }, at);
    return cost;
  }

  async measure({ workload, hasBar }: Measured, rounds: number): Promise<Row[]> {
    for (const at of [this.owner, this.edge]) await this.#run({ ...workload, measureMs: 500 }, at);
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      const runs: Partial<Record<'local' | 'remote', ClusterFigures>> = {};
      for (const at of round % 2 === 0 ? [this.owner, this.edge] : [this.edge, this.owner])
        runs[at === this.owner ? 'local' : 'remote'] = await this.#run(workload, at);
      measured.push(runs as Round);
    }
    return rowsOf(measured, hasBar);
  }

  async stop(): Promise<void> {
    await Promise.all([this.owner.stop(), this.edge.stop()]);
  }

  async #run(workload: Workload, at: ClusterProcess): Promise<ClusterFigures> {
    const run = nextRun();
    await this.owner.own(`${workload.kind}/${run}-0`);
    const pids = [this.owner.pid, this.edge.pid, this.redis.pid];
    return measureAt(workload, { at, protocol: 'raw', pids, run });
  }
}

function rowsOf(rounds: readonly Round[], hasBar: boolean): Row[] {
  const of = (value: (round: Round) => number) => summaryOf(rounds.map(value))!;
  const median = (value: (round: Round) => number) => of(value).median.toFixed(3);
  const parts = ['owner', 'edge', 'Redis'].map((name, at) => `${name} ${median(({ remote }) => remote.cpuOf[at])}`);
  const ofOwner = of(({ local, remote }) => remote.cpuOf[0] / local.cpuOf[0]);
  const ofBoth = of(({ local, remote }) => (remote.cpuOf[0] + remote.cpuOf[1]) / local.cpuOf[0]);
  const rates = of(({ local }) => local.perSecond).median / of(({ remote }) => remote.perSecond).median;
  return [
    {
      what: 'CPU s for a million deliveries',
      bound: 'report',
      measured:
        `all local ${median(({ local }) => local.cpuOf[0])} (load ${median(({ local }) => local.loadCpu)}); ` +
        `all on another node: ${parts.join(', ')} (load ${median(({ remote }) => remote.loadCpu)}); ` +
        `${rates.toFixed(1)} times as many a second all local`,
      isMet: true,
    },
    barRow("owner's CPU a delivery, to all local", ofOwner, hasBar ? OWNER_BAR : undefined),
    barRow('owner and edge together, to all local', ofBoth, hasBar ? BOTH_BAR : undefined),
  ];
}

export function barRow(what: string, ratio: Summary, most?: number, least?: number): Row {
  const { median, min, max } = ratio;
  const measured = `${median.toFixed(2)}x (${min.toFixed(2)} to ${max.toFixed(2)})`;
  const bound = most !== undefined ? `≤ ${most}x` : least !== undefined ? `≥ ${least}x` : 'report';
  return { what, bound, measured, isMet: median <= (most ?? Infinity) && median >= (least ?? 0) };
}
