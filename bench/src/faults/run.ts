import { mkdirSync, writeFileSync } from 'node:fs';
import { machineLine } from '../machine.js';
import { FAULTS } from './all.js';
import type { Fault, Row } from './fault.js';

const [only] = process.argv.slice(2);
const results: { fault: Fault; rows: Row[] }[] = [];
for (const fault of FAULTS.filter(({ name }) => only === undefined || name === only)) {
  process.stdout.write(`\n${fault.title}\n`);
  let rows: Row[];
  try {
    rows = await fault.run();
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
