import type { RoomStore } from '../../store/room-store.js';
import { claimCases } from './claim-cases.js';
import { dueCases } from './due-cases.js';
import { keyCases } from './key-cases.js';
import { modelCases } from './model-cases.js';
import { ownerCases } from './owner-cases.js';
import { sizeCases } from './size-cases.js';
import type { RoomStoreSuiteOptions, Suite, TestFramework } from './suite.js';
import { writeCases } from './write-cases.js';

/** Long enough for a slow disk and a busy machine. */
const TIMEOUT_MS = 60_000;

let databases = 0;

/**
 * Tests that a `RoomStore` fulfils its port. Call it at the top of a spec.
 * @param framework needed if `describe`, `it` and `expect` are not globals, as in vitest without `globals: true`
 * @throws Error if there are no globals and no `framework`
 */
export function describeRoomStore(
  name: string,
  options: RoomStoreSuiteOptions,
  framework: TestFramework | undefined = globalFramework(),
): void {
  if (framework === undefined)
    throw new Error(
      'There are no global describe, it and expect: pass them, as in describeRoomStore(…, { describe, it, expect }).',
    );
  const { describe, it, expect } = framework;
  const test: Suite['test'] = (title, body) => {
    it(title, () => withStore(options, body), TIMEOUT_MS);
  };
  const suite: Suite = { expect, options, test };
  describe(`${name} as a RoomStore`, () => {
    claimCases(suite);
    writeCases(suite);
    ownerCases(suite);
    dueCases(suite);
    keyCases(suite);
    sizeCases(suite);
    modelCases(suite);
  });
}

async function withStore(
  options: RoomStoreSuiteOptions,
  body: (store: RoomStore, database: string) => Promise<void>,
): Promise<void> {
  const database = `suite${process.pid}n${++databases}`;
  const store = await options.open(database);
  try {
    await body(store, database);
  } finally {
    await store.close();
  }
}

function globalFramework(): TestFramework | undefined {
  const { describe, it, expect } = globalThis as Partial<TestFramework>;
  return describe && it && expect ? { describe, it, expect } : undefined;
}
