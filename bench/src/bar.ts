import { metricsOf, ratioOf, type Results } from './statistics.js';
import { WORKLOADS } from './workloads.js';

/** A ratio to a peer that nestjs-jamsocket must reach, or must not exceed. */
interface Bar {
  readonly workload: string;
  readonly metric: string;
  readonly ours?: string;
  readonly peer: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const against = (workload: string, metric: string, limits: [string, number][], kind: 'atLeast' | 'atMost'): Bar[] =>
  limits.map(([peer, ratio]) => ({ workload, metric, peer, [kind]: ratio }));

const BARS: readonly Bar[] = [
  ...against(
    'fan-out',
    'throughput',
    [
      ['plain-ws', 30],
      ['nest-ws', 35],
      ['bun', 1],
    ],
    'atLeast',
  ),
  ...against(
    'chatty',
    'throughput',
    [
      ['plain-ws', 50],
      ['nest-ws', 60],
      ['bun', 1],
    ],
    'atLeast',
  ),
  ...against(
    'chatty-except',
    'throughput',
    [
      ['plain-ws', 50],
      ['nest-ws', 60],
      ['bun', 1],
    ],
    'atLeast',
  ),
  ...against(
    'many-rooms',
    'throughput',
    [
      ['plain-ws', 15],
      ['nest-ws', 6],
      ['bun', 0.8],
    ],
    'atLeast',
  ),
  ...against('many-rooms-1', 'throughput', [['plain-ws', 5]], 'atLeast'),
  ...against(
    'echo',
    'throughput',
    [
      ['plain-ws', 1.3],
      ['nest-ws', 2.8],
      ['bun', 0.6],
    ],
    'atLeast',
  ),
  ...against(
    'echo',
    'p99',
    [
      ['plain-ws', 0.8],
      ['nest-ws', 0.6],
    ],
    'atMost',
  ),
  ...['paced-20', 'paced-50', 'paced-100'].flatMap((paced) =>
    against(
      paced,
      'p99',
      [
        ['plain-ws', 1],
        ['nest-ws', 0.5],
      ],
      'atMost',
    ),
  ),
  ...against(
    'idle',
    'memory',
    [
      ['plain-ws', 1.1],
      ['nest-ws', 0.6],
    ],
    'atMost',
  ),
  ...against(
    'connect',
    'throughput',
    [
      ['plain-ws', 1.3],
      ['nest-ws', 1.5],
    ],
    'atLeast',
  ),
  ...['storm', 'storm-again'].flatMap((storm) => [
    ...against(storm, 'throughput', [['plain-ws', 1]], 'atLeast'),
    ...against(storm, 'p99', [['plain-ws', 1.2]], 'atMost'),
  ]),
  { workload: 'echo', metric: 'throughput', ours: 'ours-enhanced', peer: 'plain-ws', atLeast: 0.5 },
  { workload: 'echo', metric: 'throughput', ours: 'ours-enhanced', peer: 'nest-ws', atLeast: 1.5 },
  ...['fan-out', 'chatty', 'many-rooms', 'many-rooms-1', 'echo'].map((workload) => ({
    workload,
    metric: 'throughput',
    ours: 'ours-metered',
    peer: 'ours-plain',
    atLeast: 0.97,
  })),
];

export interface Verdict {
  readonly bar: Bar;
  readonly ratio: number;
  readonly isMet: boolean;
}

/** Compares the results with the bars. Bars that were not measured are left out. */
export function verdictsOf(results: Results): Verdict[] {
  return BARS.flatMap((bar) => {
    const workload = WORKLOADS.find(({ name }) => name === bar.workload)!;
    const metric = metricsOf(workload).find(({ name }) => name === bar.metric)!;
    const ours = results[bar.workload]?.[bar.ours ?? 'ours-plain'];
    const theirs = results[bar.workload]?.[bar.peer];
    const ratio = ours && theirs && ratioOf(ours, theirs, metric)?.median;
    if (ratio === undefined) return [];
    return [{ bar, ratio, isMet: ratio >= (bar.atLeast ?? 0) && ratio <= (bar.atMost ?? Infinity) }];
  });
}
