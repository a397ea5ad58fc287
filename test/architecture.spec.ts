import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const LIBS = join(import.meta.dirname, '..', 'libs');
const ROOT = join(LIBS, 'jamsocket', 'src');

/** From the ground up. A file imports from its own floor's folder or from floors below. */
const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['store'],
  ['cluster'],
  ['options', 'lmdb', 'redis', 'postgres', 'workers'],
  ['decorators', 'wire'],
  ['outbox'],
  ['sessions', 'traffic'],
  ['members'],
  ['auth', 'observe', 'replies', 'shared-state'],
  ['presence'],
  ['durable'],
  ['timers', 'mailbox'],
  ['room'],
  ['rooms'],
  ['peers'],
  ['owner', 'edge'],
  ['node'],
  ['discovery', 'metrics'],
  ['gateway'],
  ['http'],
  ['jamsocket.lifecycle', 'jamsocket.health'],
  ['jamsocket.module-definition'],
  ['assembly'],
  ['jamsocket.module'],
  ['index'],
  ['prometheus', 'opentelemetry', 'inspector'],
  ['testing'],
];

/** The same of `jamsocket-client`. */
const CLIENT_FLOORS: readonly (readonly string[])[] = [
  ['errors', 'platform', 'timers', 'bytes', 'room-state'],
  ['backoff', 'event-message', 'ledger', 'listeners', 'contract'],
  ['room-options', 'requests', 'states', 'answers', 'presence'],
  ['link', 'room-types'],
  ['session'],
  ['room'],
  ['join-room'],
  ['index'],
  ['bindings'],
];

/** More files than this in a folder are hard to keep in mind. */
const MAX_FILES = 20;

/** What users import. Each may need what the others do not. */
const ENTRIES: readonly string[] = [
  'index.ts',
  'prometheus.ts',
  'opentelemetry.ts',
  'inspector.ts',
  'lmdb.ts',
  'redis.ts',
  'postgres.ts',
  'workers.ts',
  'testing/index.ts',
];

/** The files of one package, and what they import. */
function houseIn(root: string, floors: readonly (readonly string[])[]) {
  const files = (readdirSync(root, { recursive: true }) as string[]).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
  );

  /** Every file that a file names, `import type` and `import('…')` included: a reader has to follow those too. */
  function importsOf(file: string): string[] {
    const source = readFileSync(join(root, file), 'utf8');
    return [...source.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)\.js'/g)].map(
      ([, path]) => `${relative(root, join(root, dirname(file), path))}.ts`,
    );
  }

  const floorOf = (file: string) => floors.findIndex((floor) => floor.includes(unitOf(file)));
  return { root, files, importsOf, floorOf };
}

/** The folder, or the file's name for files at the top. */
function unitOf(file: string): string {
  return file.includes('/') ? file.split('/')[0] : file.replace(/\.ts$/, '');
}

const SERVER = houseIn(ROOT, FLOORS);
const CLIENT = houseIn(join(LIBS, 'client', 'src'), CLIENT_FLOORS);
/** Shared by both packages, and import nothing. */
const SHARED = ['protocol', 'state-patch', 'presence'].map((name) => `../../jamsocket/src/base/${name}.ts`);
const { files, importsOf } = SERVER;

describe.each([
  ['nestjs-jamsocket', SERVER],
  ['jamsocket-client', CLIENT],
])('the house of %s', (_name, { root, files, importsOf, floorOf }) => {
  const ownImportsOf = (file: string) => importsOf(file).filter((target) => !SHARED.includes(target));

  it('has a floor for every file', () => {
    expect(files.filter((file) => floorOf(file) < 0)).toEqual([]);
  });

  it('imports only downward, types included', () => {
    const upward = files.flatMap((file) =>
      ownImportsOf(file)
        .filter((target) => unitOf(target) !== unitOf(file) && floorOf(target) >= floorOf(file))
        .map((target) => `${file} -> ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('has no circle of files, types included', () => {
    expect(findCycle(new Map(files.map((file) => [file, ownImportsOf(file)])))).toBeUndefined();
  });

  it(`has no folder of more than ${MAX_FILES} files`, () => {
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
    expect([...sizes].filter(([, size]) => size > MAX_FILES)).toEqual([]);
  });

  it('finds its own imports, or the checks above check nothing', () => {
    const targets = files.flatMap(ownImportsOf);
    expect(targets.length).toBeGreaterThan(files.length);
    expect(targets.filter((target) => !files.includes(target))).toEqual([]);
    expect(readFileSync(join(root, 'index.ts'), 'utf8')).not.toContain('export *');
  });
});

describe('the house', () => {
  it('lets the gateway know of rooms what a reservation says', () => {
    const hidden = ['room/room.ts', 'rooms/room-registry.ts', 'rooms/room-reservation.ts', 'sessions/session.ts'];
    const gateway = files.filter((file) => unitOf(file) === 'gateway');
    expect(gateway.flatMap(importsOf)).toContain('rooms/reservation.ts');
    expect(gateway.flatMap(importsOf).filter((target) => hidden.includes(target))).toEqual([]);
  });

  it('imports an optional peer only where it was asked for', () => {
    const needing = (peer: string) =>
      files.filter((file) => new RegExp(`(from|import\\() ?'${peer}'`).test(readFileSync(join(ROOT, file), 'utf8')));
    const folderOf = (file: string) => file.split('/')[0];
    expect([...new Set(needing('prom-client').map(folderOf))]).toEqual(['prometheus']);
    expect([...new Set(needing('@opentelemetry/api').map(folderOf))]).toEqual(['opentelemetry']);
    expect([...new Set(needing('lmdb').map(folderOf))]).toEqual(['lmdb']);
    // These stores take the application's own client, whichever it is.
    for (const peer of ['ioredis', 'redis', 'pg']) expect(needing(peer)).toEqual([]);
  });

  it('reads the metadata of decorators in one place, and that of HTTP routes in another', () => {
    const reading = files.filter((file) =>
      /Reflect\.(get|has)(Own)?Metadata/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(reading.sort()).toEqual(['decorators/metadata-accessor.ts', 'http/route-clashes.ts']);
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
