import type { RoomStore } from '../../store/room-store.js';
import { frameworkFor, SUITE_TIMEOUT_MS, type TestFramework } from '../framework/test-framework.js';
import { claimCases } from './claim-cases.js';
import { dueCases } from './due-cases.js';
import { faultCases } from './fault-cases.js';
import { keyCases } from './key-cases.js';
import { modelCases } from './model-cases.js';
import { ownerCases } from './owner-cases.js';
import { sizeCases } from './size-cases.js';
import type { RoomStoreSuiteOptions, Suite } from './suite.js';
import { writeCases } from './write-cases.js';

let databases = 0;

/**
 * Tests that a `RoomStore` fulfils its port. Call it at the top of a spec.
 * @param framework needed if `describe`, `it` and `expect` are not globals, as in vitest without `globals: true`
 * @throws Error if there are no globals and no `framework`
 */
export function describeRoomStore(name: string, options: RoomStoreSuiteOptions, framework?: TestFramework): void {
  const { describe, it, expect } = frameworkFor('describeRoomStore', framework);
  const test: Suite['test'] = (title, body) => {
    it(title, () => withStore(options, body), SUITE_TIMEOUT_MS);
  };
  const suite: Suite = { name, expect, options, test };
  describe(`${name} as a RoomStore`, () => {
    claimCases(suite);
    writeCases(suite);
    ownerCases(suite);
    dueCases(suite);
    keyCases(suite);
    sizeCases(suite);
    modelCases(suite);
    faultCases(suite);
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
