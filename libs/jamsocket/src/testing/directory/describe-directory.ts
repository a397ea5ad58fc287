import type { Directory } from '../../cluster/directory.js';
import { frameworkFor, SUITE_TIMEOUT_MS, type TestFramework } from '../framework/test-framework.js';
import { claimCases } from './claim-cases.js';
import { leaseCases } from './lease-cases.js';
import { lossCases } from './loss-cases.js';
import { modelCases } from './model-cases.js';
import { releaseCases } from './release-cases.js';
import type { DirectorySuiteOptions, Suite } from './suite.js';

const DEFAULT_LEASE_MS = 400;

let names = 0;

/**
 * Tests that a `Directory` fulfils its port. Call it at the top of a spec.
 * @param framework needed if `describe`, `it` and `expect` are not globals, as in vitest without `globals: true`
 * @throws Error if there are no globals and no `framework`
 */
export function describeDirectory(name: string, options: DirectorySuiteOptions, framework?: TestFramework): void {
  const { describe, it, expect } = frameworkFor('describeDirectory', framework);
  const { leaseMs = DEFAULT_LEASE_MS, sleep = sleepInRealTime } = options;
  const test: Suite['test'] = (title, body) => {
    it(title, () => withDirectory(options, body), SUITE_TIMEOUT_MS);
  };
  const suite: Suite = { expect, leaseMs, test, sleepFor: async (leases) => sleep(leases * leaseMs) };
  describe(`${name} as a Directory`, () => {
    leaseCases(suite);
    claimCases(suite);
    releaseCases(suite);
    lossCases(suite);
    modelCases(suite);
  });
}

async function withDirectory(options: DirectorySuiteOptions, body: Parameters<Suite['test']>[1]): Promise<void> {
  const name = `suite${process.pid}n${++names}`;
  const opened: Directory[] = [];
  const open = async () => {
    const directory = await options.open(name);
    opened.push(directory);
    return directory;
  };
  try {
    await body(await open(), { open, forget: async () => options.forget(name) });
  } finally {
    for (const directory of opened) await directory.close();
  }
}

function sleepInRealTime(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
