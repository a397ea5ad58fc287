import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { OURS, PLAIN_WS, type Peer } from './peers.js';
import { digits, table } from './report.js';
import { metricsOf, PER_CPU_SECOND, ratioOf, summaryOf, type Results } from './statistics.js';
import { WORKLOADS, type Workload } from './workloads.js';

/** Workloads that are measured on several versions of Node, unless others are named. */
const CORE = ['fan-out', 'chatty', 'many-rooms', 'many-rooms-1', 'echo', 'connect', 'storm', 'storm-again'];
const RECORD = new URL('../results/nodes.json', import.meta.url);
const REPORT = new URL('../results/nodes.md', import.meta.url);

export const CORE_WORKLOADS: readonly Workload[] = WORKLOADS.filter(({ name }) => CORE.includes(name));

/** A version of Node, with our server and a plain `ws` server on it. */
export interface NodeVersion {
  readonly version: string;
  readonly ours: Peer;
  readonly plain: Peer;
}

/** @param programs paths of the programs, such as `/opt/node24/bin/node`; the one that runs this is measured too */
export function nodeVersions(programs: readonly string[]): readonly NodeVersion[] {
  return [process.execPath, ...programs].map((program) => {
    const { stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (error !== undefined) throw error;
    const version = stdout.trim().replace('v', '');
    const on = (peer: Peer): Peer => ({
      ...peer,
      name: `${peer.name} on ${version}`,
      command: [program, ...peer.command.slice(1)],
    });
    return { version, ours: on(OURS), plain: on(PLAIN_WS) };
  });
}

/** Adds the results to the record, and writes the table of all recorded ones. */
export function recordNodes(results: Results, versions: readonly NodeVersion[], machine: string): void {
  const names = versions.map(({ version }) => version);
  writeFileSync(RECORD, `${JSON.stringify({ machine, versions: names, results }, null, 1)}\n`);
  writeFileSync(REPORT, nodesTable());
}

function nodesTable(): string {
  const { machine, versions, results } = JSON.parse(readFileSync(RECORD, 'utf8')) as {
    machine: string;
    versions: string[];
    results: Results;
  };
  const [base] = versions;
  const rows = CORE_WORKLOADS.flatMap((workload) =>
    [...metricsOf(workload), PER_CPU_SECOND].map((metric) => {
      const of = (name: string, version: string) => results[workload.name]?.[`${name} on ${version}`] ?? [];
      const ratio = (a: ReturnType<typeof of>, b: ReturnType<typeof of>) => {
        const found = ratioOf(a, b, metric);
        return found === undefined ? '' : `${digits(found.median)} (${digits(found.min)}-${digits(found.max)})`;
      };
      return [
        workload.title,
        metric.name,
        ...versions.map((version) => ratio(of(OURS.name, version), of(PLAIN_WS.name, version))),
        ...versions.slice(1).map((version) => ratio(of(OURS.name, version), of(OURS.name, base))),
      ];
    }),
  ).filter((cells) => cells.slice(2).some((cell) => cell !== ''));
  const rounds = summaryOf(Object.values(results).flatMap((peers) => Object.values(peers).map(({ length }) => length)));
  return [
    '# Versions of Node',
    '',
    `${machine}. Medians of up to ${rounds?.max ?? 0} interleaved rounds, with the least and the greatest. Made by \`npm run bench -- --nodes PROGRAM,PROGRAM\`; compare ratios.`,
    '',
    table(
      [
        'workload',
        'figure',
        ...versions.map((version) => `ours / plain ws, both on ${version}`),
        ...versions.slice(1).map((version) => `ours on ${version} / on ${base}`),
      ],
      rows,
    ),
    '',
  ].join('\n');
}
