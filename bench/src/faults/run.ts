import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FAULTS } from './all.js';
import { CLUSTER_FAULTS } from './cluster/all.js';
import { DURABLE_FAULTS } from './durable/all.js';
import { complaints } from './durable/victim.js';
import type { Fault, Row, Settings } from './fault.js';
import { renewTable } from './table.js';

// `npm run faults` measures everything except durable rooms and clusters; `npm run faults -- storm` renews the rows of one fault;
// `npm run faults -- soak --soak-minutes 1` only tries the soak and records nothing.
// `npm run faults -- durable` measures durable rooms, `… durable kill` the faults whose names begin with "kill", and
// `… durable kill-lmdb --count 5 --seed 7` only tries one. With `--minutes 10` it ends then, and reports its rounds.
// `npm run faults -- cluster` does the same with three nodes on one Redis.
/** A shorter soak is only a try and is not recorded. */
const LEAST_SOAK_MINUTES = 10;
/** Fewer rounds of a fault of durable rooms or of a cluster are not recorded either. */
const LEAST_COUNT = 10;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    'soak-minutes': { type: 'string', default: '10' },
    seed: { type: 'string', default: `${1 + (Date.now() % 1_000_000)}` },
    count: { type: 'string' },
    minutes: { type: 'string', default: '600' },
  },
});
/** Faults with names of their own, their file of results, and its title. */
const PARTS = new Map([
  ['durable', { faults: DURABLE_FAULTS, file: 'durable.md', title: 'Faults of durable rooms' }],
  ['cluster', { faults: CLUSTER_FAULTS, file: 'cluster.md', title: 'Faults of a cluster' }],
]);
const part = PARTS.get(positionals[0]);
const [only] = part ? positionals.slice(1) : positionals;
const settings: Settings = {
  soakMinutes: numberOf('soak-minutes', values['soak-minutes']),
  seed: numberOf('seed', values.seed),
  minutes: numberOf('minutes', values.minutes),
  count: values.count === undefined ? undefined : numberOf('count', values.count),
};
const faults = part?.faults ?? FAULTS;
const chosen = faults.filter(({ name }) => only === undefined || name === only || (part && name.startsWith(only)));
if (chosen.length === 0)
  throw new Error(`There is no fault "${only}": ${faults.map(({ name }) => name).join(', ')}, or durable, or cluster.`);
if (part) process.stdout.write(`\nseed ${settings.seed}\n`);
const results: { fault: Fault; rows: Row[] }[] = [];
const folder = new URL('../../results/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const fault of chosen) {
  process.stdout.write(`\n${fault.title}\n`);
  let rows: Row[];
  try {
    rows = await fault.run(settings);
  } catch (error) {
    rows = [{ what: 'the run', bound: 'ends', measured: (error as Error).message, isMet: false }];
  }
  results.push({ fault, rows });
  for (const row of rows) {
    process.stdout.write(`  ${row.isMet ? 'ok  ' : 'FAIL'}  ${row.what}: ${row.measured} (${row.bound})\n`);
  }
}

if (part) {
  for (const [line, times] of complaints) process.stdout.write(`  ${times} × ${line}\n`);
  if ((settings.count ?? LEAST_COUNT) >= LEAST_COUNT)
    renewTable(new URL(part.file, folder), part.title, part.faults, results);
} else if (settings.soakMinutes >= LEAST_SOAK_MINUTES)
  renewTable(new URL('faults.md', folder), 'Faults', FAULTS, results);
process.exit(results.every(({ rows }) => rows.every(({ isMet }) => isMet)) ? 0 : 1);

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name} takes a number above 0.`);
  return number;
}
