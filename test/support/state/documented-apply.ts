import { transformSync } from '@swc/core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The function that docs/protocol.md gives to those who write a client of their own. */
export function documentedApply(): (value: unknown, patch: unknown) => unknown {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'protocol.md'), 'utf8');
  const [, source] = /```ts\n(function apply\(.*?)```/s.exec(text)!;
  const { code } = transformSync(source, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- our own documentation
  return new Function(`${code}; return apply;`)() as (value: unknown, patch: unknown) => unknown;
}
