import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { machineLine } from '../machine.js';
import type { Fault, Row } from './fault.js';

/** Replaces the rows of the faults that were measured now, and keeps recorded rows of the same day and machine. */
export function renewTable(
  file: URL,
  title: string,
  faults: readonly Fault[],
  results: readonly { readonly fault: Fault; readonly rows: readonly Row[] }[],
): void {
  const machine = machineLine();
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const kept = before.includes(machine) ? before.split('\n') : [];
  const lines = faults.flatMap(({ name, title }) => {
    const measured = results.find(({ fault }) => fault.name === name);
    return measured?.rows.map((row) => lineOf(title, row)) ?? kept.filter((line) => line.startsWith(`| ${title} |`));
  });
  const head = ['| fault | figure | bound | measured | |', '| --- | --- | --- | --- | --- |'];
  writeFileSync(file, [`# ${title}`, '', machine, '', ...head, ...lines, ''].join('\n'));
}

function lineOf(title: string, { what, bound, measured, isMet }: Row): string {
  return `| ${title} | ${what} | ${bound} | ${measured} | ${isMet ? 'met' : 'missed'} |`;
}
