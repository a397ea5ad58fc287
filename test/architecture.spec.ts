import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..', 'libs', 'jamsocket', 'src');

/** From the ground up. A file imports from its own floor's folder or from floors below. */
const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['options'],
  ['decorators', 'wire'],
  ['outbox'],
  ['members'],
  ['observe'],
  ['room'],
  ['rooms'],
  ['discovery', 'metrics'],
  ['gateway', 'http'],
  ['jamsocket.lifecycle', 'jamsocket.health', 'jamsocket.module', 'index'],
  ['prometheus', 'opentelemetry', 'inspector'],
  ['testing'],
];

/** What users import. Each may need what the others do not. */
const ENTRIES: readonly string[] = [
  'index.ts',
  'prometheus.ts',
  'opentelemetry.ts',
  'inspector.ts',
  'testing/index.ts',
];

interface Import {
  readonly target: string;
  readonly isTypeOnly: boolean;
}

const files = (readdirSync(ROOT, { recursive: true }) as string[]).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
);

function importsOf(file: string): Import[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  return [...source.matchAll(/^(?:import|export)\s+(type\s+)?([^;]*?)from '(\.[^']+)\.js';/gms)].map(
    ([, type, names, path]) => ({
      target: `${relative(ROOT, join(ROOT, dirname(file), path))}.ts`,
      isTypeOnly:
        type !== undefined ||
        (names.includes('{') &&
          names
            .replace(/[{}\s]/g, '')
            .split(',')
            .filter(Boolean).length === [...names.matchAll(/\btype\s/g)].length),
    }),
  );
}

/** The folder, or the file's name for files at the top. */
function unitOf(file: string): string {
  return file.includes('/') ? file.split('/')[0] : file.replace(/\.ts$/, '');
}

function floorOf(file: string): number {
  return FLOORS.findIndex((floor) => floor.includes(unitOf(file)));
}

describe('the house', () => {
  it('has a floor for every file', () => {
    expect(files.filter((file) => floorOf(file) < 0)).toEqual([]);
  });

  it('imports only downward', () => {
    const upward = files.flatMap((file) =>
      importsOf(file)
        .filter(({ target, isTypeOnly }) => !isTypeOnly && unitOf(target) !== unitOf(file))
        .filter(
          ({ target }) =>
            floorOf(target) > floorOf(file) || (floorOf(target) === floorOf(file) && target.includes('/')),
        )
        .map(({ target }) => `${file} -> ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('has no import cycle at run time', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        importsOf(file)
          .filter((one) => !one.isTypeOnly)
          .map((one) => one.target),
      ]),
    );
    expect(findCycle(graph)).toBeUndefined();
  });

  it('imports an optional peer only where it was asked for', () => {
    const needing = (peer: string) =>
      files.filter((file) => readFileSync(join(ROOT, file), 'utf8').includes(`'${peer}'`));
    const folderOf = (file: string) => file.split('/')[0];
    expect([...new Set(needing('prom-client').map(folderOf))]).toEqual(['prometheus']);
    expect([...new Set(needing('@opentelemetry/api').map(folderOf))]).toEqual(['opentelemetry']);
  });

  it('finds its own imports, or the checks above check nothing', () => {
    const targets = files.flatMap(importsOf).map(({ target }) => target);
    expect(targets.length).toBeGreaterThan(100);
    expect(targets.filter((target) => !files.includes(target))).toEqual([]);
  });

  it('has no barrels but its entry points, and exports by name only', () => {
    const reexporting = files.filter(
      (file) => !ENTRIES.includes(file) && /^export .* from /m.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(reexporting).toEqual([]);
    for (const entry of ENTRIES) expect(readFileSync(join(ROOT, entry), 'utf8')).not.toContain('export *');
  });
});

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of graph.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}
