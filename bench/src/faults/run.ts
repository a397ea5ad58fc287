import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machineLine } from '../machine.js';
import { FAULTS } from './all.js';
import type { Fault, Row, Settings } from './fault.js';

// `npm run faults`, or `npm run faults -- soak --soak-minutes 1`.
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

const lines = results.flatMap(({ fault, rows }) =>
  rows.map(
    (row) => `| ${fault.title} | ${row.what} | ${row.bound} | ${row.measured} | ${row.isMet ? 'met' : 'missed'} |`,
  ),
);
if (only === undefined) {
  const folder = new URL('../../results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const text = [
    '# Faults',
    '',
    machineLine(),
    '',
    '| fault | figure | bound | measured | |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ];
  writeFileSync(new URL('faults.md', folder), text.join('\n'));
}
process.exit(results.every(({ rows }) => rows.every(({ isMet }) => isMet)) ? 0 : 1);
