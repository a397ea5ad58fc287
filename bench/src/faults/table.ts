import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { machineLine } from '../machine.js';
import type { Fault, Row } from './fault.js';

type Titled = Pick<Fault, 'name' | 'title'>;

/** Replaces the rows of the faults that were measured now. Recorded rows and remarks of the same day and machine stay. */
export function renewTable(
  file: URL,
  title: string,
  faults: readonly Titled[],
  results: readonly { readonly fault: Titled; readonly rows: readonly Row[] }[],
): void {
  const machine = machineLine();
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const kept = before.includes(machine) ? before.split('\n') : [];
  const lines = faults.flatMap(({ name, title }) => {
    const measured = results.find(({ fault }) => fault.name === name);
    return measured?.rows.map((row) => lineOf(title, row)) ?? kept.filter((line) => line.startsWith(`| ${title} |`));
  });
  const remarks = kept.filter((line) => line !== '' && line !== machine && !/^[#|]/.test(line));
  const head = ['| fault | figure | bound | measured | |', '| --- | --- | --- | --- | --- |'];
  writeFileSync(
    file,
    [`# ${title}`, '', machine, '', ...remarks.flatMap((line) => [line, '']), ...head, ...lines, ''].join('\n'),
  );
}

function lineOf(title: string, { what, bound, measured, isMet }: Row): string {
  return `| ${title} | ${what} | ${bound} | ${measured} | ${isMet ? 'met' : 'missed'} |`;
}
