import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FAULTS } from './all.js';
import type { Fault, Row, Settings } from './fault.js';
import { renewTable } from './table.js';

// `npm run faults` measures everything; `npm run faults -- storm` renews the rows of one fault;
// `npm run faults -- soak --soak-minutes 1` is a try.
/** A shorter soak is a try, and not for the record. */
const LEAST_SOAK_MINUTES = 10;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'soak-minutes': { type: 'string', default: '10' } },
});
const [only] = positionals;
const settings: Settings = { soakMinutes: Number(values['soak-minutes']) };
if (!(settings.soakMinutes > 0)) throw new Error('--soak-minutes takes a number above 0.');
if (only !== undefined && !FAULTS.some(({ name }) => name === only)) {
  throw new Error(`There is no fault "${only}": ${FAULTS.map(({ name }) => name).join(', ')}.`);
}
const results: { fault: Fault; rows: Row[] }[] = [];
for (const fault of FAULTS.filter(({ name }) => only === undefined || name === only)) {
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

const folder = new URL('../../results/', import.meta.url);
mkdirSync(folder, { recursive: true });
if (settings.soakMinutes >= LEAST_SOAK_MINUTES) renewTable(new URL('faults.md', folder), results);
process.exit(results.every(({ rows }) => rows.every(({ isMet }) => isMet)) ? 0 : 1);
