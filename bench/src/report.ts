import { verdictsOf } from './bar.js';
import type { LoadResult } from './measure.js';
import type { OwnFigures } from './own.js';
import type { Peer } from './peers.js';
import { metricsOf, ratioOf, summaryOf, type Metric, type Results, type Summary } from './statistics.js';
import type { Workload } from './workloads.js';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly isPinned: boolean;
  readonly rounds: number;
  readonly versions: Record<string, string>;
}

const OURS = 'ours-plain';

/** Everything a report is made of. */
export interface Measured {
  readonly machine: Machine;
  readonly workloads: readonly Workload[];
  readonly peers: readonly Peer[];
  readonly results: Results;
  readonly own: OwnFigures;
  readonly ceiling: LoadResult;
}

export function markdown({ machine, workloads, peers, results, own, ceiling }: Measured): string {
  const others = peers.filter(({ name }) => name !== OURS);
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    '# Results',
    '',
    `${machine.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}; ${versions.join(', ')}.`,
    `Medians of ${machine.rounds} interleaved rounds, with the least and the greatest. ${
      machine.isPinned ? 'The server had one core, the load another.' : 'Server and load were not pinned to cores.'
    } Made by \`npm run bench\`; machines differ, so compare ratios.`,
    '',
    '## nestjs-jamsocket against each peer',
    '',
    'Ours divided by theirs: throughput is better above 1, latency and memory below 1.',
    '',
    table(
      ['workload', 'figure', ...others.map(({ title }) => title)],
      rowsOf(workloads, (workload, metric) => [
        workload.title,
        metric.name,
        ...others.map(({ name }) => {
          const ours = results[workload.name]?.[OURS];
          const theirs = results[workload.name]?.[name];
          return ours && theirs ? ratioText(ratioOf(ours, theirs, metric)) : '';
        }),
      ]),
    ),
    '',
    '## The figures themselves',
    '',
    table(
      ['workload', 'figure', ...peers.map(({ title }) => title)],
      rowsOf(workloads, (workload, metric) => [
        workload.title,
        `${metric.name}, ${metric.unit}`,
        ...peers.map(({ name }) => numberText(summaryOf((results[workload.name]?.[name] ?? []).map(metric.of)))),
      ]),
    ),
    '',
    ...loadLimits(workloads, peers, results),
    ...disorder(peers, results),
    ...barTable(results),
    ...ownTable(own, results),
    `The load itself takes in ${digits(ceiling.perSecond!)} messages of 64 bytes a second from a bare TCP server that sends nothing else (${digits(ceiling.loadCpu!)} of its core).`,
    '',
  ].join('\n');
}

function rowsOf(workloads: readonly Workload[], row: (workload: Workload, metric: Metric) => string[]): string[][] {
  return workloads.flatMap((workload) => metricsOf(workload).map((metric) => row(workload, metric)));
}

/** Measurements in which the load was the limit: the peer may be faster than the figure. */
function loadLimits(workloads: readonly Workload[], peers: readonly Peer[], results: Results): string[] {
  const limited = workloads.flatMap(({ name }) =>
    peers.flatMap((peer) => {
      const runs = results[name]?.[peer.name] ?? [];
      const load = summaryOf(runs.map(({ loadCpu }) => loadCpu))?.median ?? 0;
      const server = summaryOf(runs.map(({ serverCpu }) => serverCpu))?.median ?? 1;
      return load > 0.95 && server < 0.9 ? [`${name} of ${peer.title}`] : [];
    }),
  );
  if (limited.length === 0) return [];
  return [
    `Limited by the load, not the server (which had more than a tenth of its core to spare): ${limited.join(', ')}.`,
    '',
  ];
}

/** Peers that delivered direct messages and broadcasts in another order than they were sent. */
function disorder(peers: readonly Peer[], results: Results): string[] {
  const mixedUp = peers.filter(({ name }) => (results.mixed?.[name] ?? []).some(({ outOfOrder }) => outOfOrder));
  if (mixedUp.length === 0) return [];
  return [
    `Messages of the mixed workload came out of order from: ${mixedUp.map(({ title }) => title).join(', ')}.`,
    '',
  ];
}

function barTable(results: Results): string[] {
  const verdicts = verdictsOf(results);
  if (verdicts.length === 0) return [];
  return [
    '## Against the bar',
    '',
    table(
      ['workload', 'figure', 'against', 'bar', 'measured', ''],
      verdicts.map(({ bar, ratio, isMet }) => [
        bar.ours ? `${bar.workload} (${bar.ours})` : bar.workload,
        bar.metric,
        bar.peer,
        bar.atLeast === undefined ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`,
        digits(ratio),
        isMet ? 'met' : 'missed',
      ]),
    ),
    '',
  ];
}

function ownTable(own: OwnFigures, results: Results): string[] {
  const costOf = (workload: string) =>
    1 / summaryOf((results[workload]?.[OURS] ?? []).map(({ perServerCpuSecond }) => perServerCpuSecond))!.median;
  return [
    '## On its own',
    '',
    table(
      ['figure', 'measured'],
      [
        ['CPU a delivery, chatty with 400 clients against 100', digits(costOf('chatty-400') / costOf('chatty'))],
        ['100,000 idle rooms, bytes a room', digits(own.bytesPerRoom)],
        ['rooms made and closed in code a second', digits(own.roomsPerSecond)],
        ['100,000 timers pending, bytes a timer', digits(own.bytesPerTimer)],
        ['CPU of an idle process with 100,000 timers, part of a core', own.idleCpuWithTimers.toFixed(4)],
        ['CPU of the same process without timers, part of a core', own.idleCpuWithoutTimers.toFixed(4)],
      ],
    ),
    '',
  ];
}

function ratioText(ratio: Summary | undefined): string {
  return ratio === undefined ? '' : `${digits(ratio.median)} (${digits(ratio.min)}-${digits(ratio.max)})`;
}

function numberText(value: Summary | undefined): string {
  return value === undefined ? '' : `${digits(value.median)} (${digits(value.min)}-${digits(value.max)})`;
}

/** Three significant digits, with separators. */
export function digits(value: number): string {
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

export function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
