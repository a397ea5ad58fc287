import type { Relay } from '../../cluster/relay.js';
import type { TestFramework } from '../framework/test-framework.js';
import type { RelayNode } from './relay-node.js';

/** What `describeRelay` needs to test a Relay. */
export interface RelaySuiteOptions {
  /** Opens a relay, as another node does. The suite closes each. */
  open(): Relay | Promise<Relay>;
}

/** Passed to each group of tests. */
export interface RelaySuite {
  readonly expect: TestFramework['expect'];
  /** Bytes of the largest message. */
  readonly largest: number;
  /** Defines a test. `join` adds a node, which is closed afterwards. */
  readonly test: (name: string, body: (join: () => Promise<RelayNode>) => Promise<void>) => void;
}
