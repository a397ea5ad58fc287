import fc from 'fast-check';

/** Number of members that the steps use. */
export const MEMBERS = 4;

/** One action on an outbox or on its members. */
export interface Step {
  readonly do: (typeof SENDS)[number][0] | (typeof OTHERS)[number][0];
  readonly members: readonly number[];
  readonly text: string;
  readonly isVolatile: boolean;
}

/** The kinds of steps, with their frequencies. */
const SENDS = [
  ['broadcast', 4],
  ['except', 3],
  ['send', 3],
  ['text', 3],
  ['send all', 1],
] as const;
const OTHERS = [
  ['settle', 3],
  ['flush to', 1],
  ['chunk read', 2],
  ['join', 2],
  ['leave', 1],
  ['stop reading', 1],
] as const;

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 40_000 }).map((length) => 'y'.repeat(length)) },
);

const what: fc.Arbitrary<Step['do']> = fc.oneof(
  ...[...SENDS, ...OTHERS].map(([name, weight]) => ({ weight, arbitrary: fc.constant<Step['do']>(name) })),
);

export const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: what,
    members: fc.uniqueArray(fc.integer({ min: 0, max: MEMBERS - 1 })),
    text,
    isVolatile: fc.boolean(),
  }),
  { maxLength: 60 },
);
