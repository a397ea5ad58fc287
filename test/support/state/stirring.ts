import type { SharedState } from 'nestjs-jamsocket';
import type { SeededRandom } from 'nestjs-jamsocket/testing';

interface Unit {
  x: number;
  y: number;
  team: number;
  name: string;
  /** Elements of elements, which may move as well. */
  parts?: Record<string, { x: number }>;
}

/** Units move together, come and go; now and then one becomes something else. */
export interface Field {
  tick: number;
  units: Record<string, Unit | number | null>;
  crowd: { x: number; y: number }[];
  /** The last team sees nothing. */
  isFoggy: boolean;
}

type Draft = Parameters<Parameters<SharedState<Field, any>['change']>[0]>[0];

/** Tables name elements by their position among all keys in sorted order: these are hard to sort, or are names of methods. */
const KEYS = [
  '10',
  '9',
  '1a',
  'é',
  'e',
  'Z',
  'a',
  '"q"',
  '',
  'length',
  'constructor',
  'hasOwnProperty',
  '\ud83d\ude00',
];
const MAX_UNITS = 40;

/** Changes a state at random, as games do: mostly, many units move at once. */
export function stir(state: SharedState<Field, any>, random: SeededRandom): void {
  const under = (limit: number) => random.uint32() % limit;
  if (under(12) === 0) {
    const value = structuredClone(state.value) as Field;
    value.tick++;
    for (const act of [move, come]) act(value, under);
    return state.set(value);
  }
  state.change((draft) => {
    draft.tick++;
    for (let acts = 1 + under(3); acts > 0; acts--) ACTS[under(ACTS.length)](draft, under);
  });
}

type Under = (limit: number) => number;

function unitsOf({ units }: Draft): Unit[] {
  return Object.values(units).filter((unit): unit is Unit => typeof unit === 'object' && unit !== null);
}

function keyOf({ units }: Draft, under: Under): string {
  const keys = Object.keys(units);
  return keys[under(keys.length)] ?? 'nobody';
}

function move(draft: Draft, under: Under): void {
  const [staying, isSlanted] = [1 + under(9), under(2) === 0];
  for (const unit of unitsOf(draft)) {
    if (under(staying) === 0 && staying > 1) continue;
    unit.x += 1 + under(9);
    if (isSlanted) unit.y = under(100);
  }
}

function moveParts(draft: Draft, under: Under): void {
  for (const unit of unitsOf(draft)) {
    unit.parts ??= {};
    for (let part = 0; part < 6; part++) unit.parts[`p${part}`] = { x: under(1_000) };
    if (under(5) === 0) delete unit.parts.p3;
  }
}

function come(draft: Draft, under: Under): void {
  for (let count = 1 + under(8); count > 0; count--) {
    if (Object.keys(draft.units).length >= MAX_UNITS) return;
    const key = under(3) === 0 ? KEYS[under(KEYS.length)] : `u${under(1_000)}`;
    draft.units[key] = { x: under(100), y: under(100), team: under(3), name: 'n'.repeat(under(20)) };
  }
}

function go(draft: Draft, under: Under): void {
  for (let count = under(4); count > 0; count--) delete draft.units[keyOf(draft, under)];
}

function change(draft: Draft, under: Under): void {
  for (const unit of unitsOf(draft)) {
    if (under(6) === 0) unit.team = under(3);
    if (under(6) === 0) unit.name = `name ${under(100)}`.repeat(1 + under(3));
    if (under(9) === 0) delete unit.parts;
  }
}

function become(draft: Draft, under: Under): void {
  draft.units[keyOf(draft, under)] = [null, under(9), { x: 1, y: 1, team: under(3), name: '' }][under(3)];
}

function march(draft: Draft, under: Under): void {
  for (const one of draft.crowd) if (under(6) > 0) one.x += 1 + under(5);
  while (draft.crowd.length < 6) draft.crowd.push({ x: under(100), y: under(100) });
}

function queue(draft: Draft, under: Under): void {
  const { crowd } = draft;
  if (under(3) === 0) crowd.sort((one, other) => one.x - other.x);
  else if (under(2) === 0) crowd.splice(under(crowd.length + 1), under(3), { x: under(100), y: 0 });
  else crowd.length = under(crowd.length + 1);
}

function fog(draft: Draft, under: Under): void {
  draft.isFoggy = under(2) === 0;
}

/** Those that move many are there more than once. */
const ACTS = [move, move, move, move, moveParts, march, march, come, come, go, change, become, queue, fog, fog];
