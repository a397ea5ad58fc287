import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { measureAt, type ClusterFigures, type Placing } from '../cluster/cluster-peer.js';
import { rssBytes } from '../load/process-use.js';
import { nextRun } from '../measure.js';
import { summaryOf, type Summary } from '../statistics.js';
import { WORKLOADS } from '../workloads.js';
import { APART, behindNginx, ONE, oneProcess, twoProcesses, workers, type Subject } from './subjects.js';

const ROUNDS = 7;
/** CPU time is counted in steps of 10 ms. */
const MEASURE_MS = 1_000;
/** Per CPU second of all processes, 2 workers beside `COMPARED`. */
const BARS: Readonly<Record<string, number>> = { 'many-rooms': 0.95, chatty: 0.95, echo: 0.95, connect: 0.4 };
/** What a connect costs where no socket is handed over is what it costs where clients know their process. */
const COMPARED: Readonly<Record<string, string>> = {
  'many-rooms': ONE,
  chatty: ONE,
  echo: ONE,
  connect: APART,
};
const MIB = 1_024 * 1_024;

type Say = (line: string) => void;

/**
 * Measures what workers cost, per CPU second of all processes: one process, 2 workers (and 4 and 8 on a machine with so many
 * cores), 2 processes whose clients know their port, 2 workers that relay, and 2 processes behind nginx.
 * @returns the exit code
 */
export async function measureWorkers(say: Say, rounds = ROUNDS): Promise<number> {
  const counts = [2, 4, 8].filter((count) => count === 2 || count <= availableParallelism());
  const subjects: Subject[] = [];
  try {
    subjects.push(await oneProcess(), await twoProcesses());
    for (const count of counts) subjects.push(await workers(count));
    subjects.push(await workers(2, false));
    if (spawnSync('nginx', ['-v']).status === 0) subjects.push(await behindNginx(2));
    else say('nginx is not installed: it is left out.');
    const [one, , two] = subjects;
    const memory = two.pids.map((pid) => Math.round(rssBytes(pid) / MIB));
    say(
      `memory: one process ${Math.round(rssBytes(one.pid) / MIB)} MiB; primary ${memory[0]}, workers ${memory.slice(1).join(' and ')} MiB`,
    );
    const areMet: boolean[] = [];
    for (const name of Object.keys(BARS)) areMet.push(await measureWorkload(name, subjects, rounds, say));
    return areMet.every(Boolean) ? 0 : 1;
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
  }
}

async function measureWorkload(name: string, subjects: readonly Subject[], rounds: number, say: Say): Promise<boolean> {
  const workload = { ...WORKLOADS.find((each) => each.name === name)!, measureMs: MEASURE_MS };
  const measured = new Map<Subject, ClusterFigures[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++)
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed())
      measured.get(subject)!.push(await measureAt(workload, orderFor(subject)));
  const costsOf = (subject: Subject) =>
    measured.get(subject)!.map(({ cpuOf }) => cpuOf.reduce((sum, cpu) => sum + cpu));
  // By round: what slows the machine down for a while slows down both.
  const ratioOf = (subject: Subject, beside: Subject) => {
    const costs = costsOf(subject);
    return summaryOf(costsOf(beside).map((cost, round) => cost / costs[round]))!;
  };
  const rateOf = (subject: Subject) => summaryOf(measured.get(subject)!.map(({ perSecond }) => perSecond))!.median;
  const two = subjects.find(({ name }) => name === '2 workers')!;
  const asOf = subjects.find((subject) => subject.name === COMPARED[name])!;
  const ratio = ratioOf(two, asOf).median;
  for (const subject of subjects) {
    const beside = subjects.slice(0, 2).map((each) => shown(ratioOf(subject, each)));
    say(
      `${name.padEnd(12)} ${subject.name.padEnd(28)} ${beside[0]} of one process and ${beside[1]} of 2 per CPU second, ${Math.round(rateOf(subject))} a second`,
    );
  }
  const isMet = ratio >= BARS[name];
  say(`${name.padEnd(12)} 2 workers: ${ratio.toFixed(2)} of ${asOf.name}: ${isMet ? 'meets' : 'MISSES'} ${BARS[name]}`);
  return isMet;
}

function orderFor(subject: Subject): Placing {
  const { second, pids } = subject;
  return { at: subject, second, splitsRooms: second !== undefined, protocol: 'raw', pids, run: nextRun() };
}

/** The median, and the least and the most of all rounds. */
function shown({ median, min, max }: Summary): string {
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;
}
