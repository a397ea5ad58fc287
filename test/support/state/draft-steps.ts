import fc from 'fast-check';

export type Anything = any;

const KEYS = ['a', 'b', 'list', 'players', '7', '12'];

/** What drafts are made of. */
export const start = () => ({
  a: { x: 1, deep: { y: [1, 2, { z: 3 }] } },
  b: 'text',
  list: [{ id: 1 }, { id: 2, tags: ['t'] }, { id: 3 }, 'four'],
  players: { 7: { x: 0, y: 0 }, 12: { x: 1, y: 1 } },
});

export interface Step {
  readonly what: number;
  /** Which of the objects that were met so far. */
  readonly at: number;
  readonly key: number;
  readonly n: number;
}

/** Values that contain themselves several times grow exponentially. */
export const MOST = 5_000;

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ what: fc.nat(15), at: fc.nat(50), key: fc.nat(20), n: fc.nat(20) }),
  { minLength: 1, maxLength: 12 },
);

/** What an application may do with a draft, whether or not that is wise. */
export function perform(root: Anything, all: readonly Step[]): void {
  const met: Anything[] = [root];
  for (const { what, at, key, n } of all) {
    const target = met[at % met.length];
    const isList = Array.isArray(target);
    const name = isList ? String(key % (target.length + 1)) : KEYS[key % KEYS.length];
    const found = target[name];
    if (typeof found === 'object' && found !== null) met.push(found);
    if (what === 0) target[name] = n;
    else if (what === 1) target[name] = { x: n, list: [{ y: n }], gone: undefined };
    else if (what === 2) {
      if (isList) target.splice(key % (target.length + 1), 1);
      else delete target[name];
    } else if (what === 3) {
      if (isList) target.push({ id: n }, n);
      else Object.assign(target, { a: n, list: [n] });
    } else if (what === 4) {
      if (isList) target.unshift({ id: n });
      else for (const one of Object.values<Anything>(target)) if (isPlain(one)) one.seen = n;
    } else if (what === 5) {
      if (isList) target.sort((one: Anything, two: Anything) => (one?.id ?? 0) - (two?.id ?? 0));
    } else if (what === 6) target[name] = met[n % met.length];
    else if (what === 7) target[name] = { wrapped: met[n % met.length], x: 1 };
    else if (what === 8) {
      if (isList) target.length = n % (target.length + 1);
      else if (typeof target.x === 'number') target.x++;
    } else if (what === 9) {
      if (Array.isArray(found)) target[name] = found.filter((_, index) => index !== n % 3);
      else if (typeof found === 'object' && found !== null) target[name] = Object.fromEntries(Object.entries(found));
    } else if (what === 10) {
      if (isList) target.reverse();
      else target[name] = isPlain(found) ? { ...found, extra: n } : [found ?? n];
    } else if (what === 11) {
      target[name] = found === undefined ? n : found;
    } else if (what === 12 && isPlain(found)) {
      found.x = n;
    } else if (what === 13 && isList) {
      target.splice(n % (target.length + 1), 2, target[0] ?? 0, { id: n });
    } else if (what === 14 && !isList) {
      delete target[name];
      if (found !== undefined) target[name] = found;
      for (const key of Object.keys(target))
        if (typeof target[key] === 'number' && Object.hasOwn(target, key)) target[key] += n;
    } else if (what === 15 && !isList) {
      for (let more = 0; more < n; more++) target[`more${more}`] = { n: more };
      for (const key of Object.keys(target)) if (key.startsWith('more')) target[key].n++;
    }
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

export function isCyclic(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch {
    return true;
  }
}
