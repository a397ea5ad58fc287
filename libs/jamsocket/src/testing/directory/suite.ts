import type { Directory } from '../../cluster/directory.js';
import type { TestFramework } from '../framework/test-framework.js';

/** What `describeDirectory` needs to test a Directory. */
export interface DirectorySuiteOptions {
  /**
   * Opens a directory of that name, which consists of letters and digits. Each test uses a new name, whose directory must be
   * empty and settled, as if the cluster had run for a while. Opening the same name again must give another connection to
   * the same directory. The suite closes each.
   */
  readonly open: (name: string) => Directory | Promise<Directory>;
  /** The directory of that name loses everything, as a server without persistence does in a restart. */
  readonly forget: (name: string) => void | Promise<void>;
  /** Waits. Default: a real timer. With a virtual clock, advance it. */
  readonly sleep?: (ms: number) => void | Promise<void>;
  /** Milliseconds of the leases, whose end the tests wait for. Default 400; shorter ones fail on a busy machine. */
  readonly leaseMs?: number;
}

/** Passed to each group of tests. */
export interface Suite {
  readonly expect: TestFramework['expect'];
  readonly leaseMs: number;
  /** Waits for a part of a lease. */
  readonly sleepFor: (leases: number) => Promise<void>;
  /** Defines a test with a directory. The directory is closed afterwards. */
  readonly test: (name: string, body: (directory: Directory, scene: Scene) => Promise<void>) => void;
}

/** The directory of one test. */
export interface Scene {
  /** Another connection to the same directory. */
  readonly open: () => Promise<Directory>;
  readonly forget: () => Promise<void>;
}
