import { MAX_RELAY_BYTES, type Relay } from '../../cluster/relay.js';
import { frameworkFor, SUITE_TIMEOUT_MS, type TestFramework } from '../framework/test-framework.js';
import { deliveryCases } from './delivery-cases.js';
import { endingCases } from './ending-cases.js';
import { RelayNode } from './relay-node.js';
import type { RelaySuite, RelaySuiteOptions } from './suite.js';

let nodes = 0;

/**
 * Tests that a `Relay` fulfils its port. Call it at the top of a spec. All its relays must reach each other.
 * @param framework needed if `describe`, `it` and `expect` are not globals, as in vitest without `globals: true`
 * @throws Error if there are no globals and no `framework`
 */
export function describeRelay(name: string, options: RelaySuiteOptions, framework?: TestFramework): void {
  const { describe, it, expect } = frameworkFor('describeRelay', framework);
  const test: RelaySuite['test'] = (title, body) => {
    it(title, () => withNodes(options, body), SUITE_TIMEOUT_MS);
  };
  const suite: RelaySuite = { expect, test, largest: MAX_RELAY_BYTES };
  describe(`${name} as a Relay`, () => {
    deliveryCases(suite);
    endingCases(suite);
  });
}

async function withNodes(options: RelaySuiteOptions, body: Parameters<RelaySuite['test']>[1]): Promise<void> {
  const relays: Relay[] = [];
  const join = async () => {
    const relay = await options.open();
    relays.push(relay);
    const node = new RelayNode(relay, `Suite_${process.pid}-${++nodes}`);
    await node.open();
    return node;
  };
  try {
    await body(join);
  } finally {
    for (const relay of relays) await relay.close();
  }
}
