import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * What is no spec of this repository's own run. The faults of a cluster on real servers need leases of real time, which a
 * busy machine lets run out: `npm test -- redis-cluster-faults redis-failover-faults`.
 */
const ELSEWHERE =
  /(?:^|\/)(?:node_modules|dist)\/|^test\/(?:together|compat)\/|^test\/redis-(?:cluster|failover)-faults\./;

/** Specs with a browser, and specs that change classes or settings which the others of their process use. */
const NEEDS_ITS_OWN_PROCESS =
  /\.browser\.e2e-spec\.ts$|^test\/(?:with-ws|with-clients-[\w-]+|without-fast-path|leak-guard|screenshots)\./;

/** A hook outside of every `describe`, or a spy made while the file is loaded, would be there for the whole part. */
const REACHES_OTHERS = /^(?:before|after)(?:Each|All)\(|^(?: {2})?(?:const \w+ = )?jest\.spyOn\(/m;

/** About as much work each. A spec belongs to the first part that takes it. */
const PARTS = {
  'n-to-s': (file) => /^test\/[n-s](?!romise)/.test(file),
  library: (file) => file.startsWith('libs/jamsocket/'),
  promises: (file) => file.startsWith('test/promise-'),
  'a-to-m': (file) => /^test\/[a-m](?!lient\/)/.test(file),
  't-to-z': (file) => /^test\/[t-z]/.test(file),
  'demo-and-client': (file) => /^(?:src|libs\/client|test\/client)\//.test(file),
};

const specs = ['libs', 'src', 'test']
  .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true }).map((file) => join(folder, file)))
  .filter((file) => /[.-]spec\.ts$/.test(file) && !ELSEWHERE.test(file))
  .sort();

/** @returns undefined for a spec that runs alone */
function partOf(file) {
  if (NEEDS_ITS_OWN_PROCESS.test(file)) return undefined;
  if (REACHES_OTHERS.test(readFileSync(join(ROOT, file), 'utf8'))) return undefined;
  return Object.keys(PARTS).find((part) => PARTS[part](file));
}

/** Paths of the specs that a whole run starts one by one, from the root of the repository. */
export const alone = specs.filter((file) => partOf(file) === undefined);

/** Paths of the files that a whole run starts instead of the specs they load; the longest ones first. */
export const parts = Object.keys(PARTS).map((part) => `test/together/${part}.spec.ts`);

/** Loads the specs of the part whose file calls it. */
export async function load(file) {
  const part = basename(file, '.spec.ts');
  for (const spec of specs.filter((each) => partOf(each) === part)) await import(join(ROOT, spec));
}
