import type { RoomKey, RoomStore } from '../../store/room-store.js';

/** What the suite needs of a test framework. jest and vitest both have it. */
export interface TestFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>, timeoutMs?: number) => unknown;
  readonly expect: (value: unknown) => TestMatchers;
}

export interface TestMatchers {
  toBe(value: unknown): void;
  toEqual(value: unknown): void;
}

export interface RoomStoreSuiteOptions {
  /**
   * Opens a store on the database of that name: letters and digits, made afresh for each test. A name that was not
   * used before is an empty database. The same name again is a second store on the same data, as another process
   * would open it. The suite closes each store.
   */
  open(database: string): RoomStore | Promise<RoomStore>;
  /**
   * Makes the record of that room unreadable behind the store's back: by removing something that belongs to it, or by
   * overwriting it with nonsense. Without it the tests about unreadable records are left out.
   */
  damage?(database: string, room: RoomKey): void | Promise<void>;
  /** The data belongs to one instance, as that of `MemoryStore` does: the tests with a second one are left out. */
  readonly isPrivate?: boolean;
}

/** What the tests of one group are given. */
export interface Suite {
  readonly expect: TestFramework['expect'];
  readonly options: RoomStoreSuiteOptions;
  /** A test with an empty database and a store on it, which is closed afterwards. */
  readonly test: (name: string, body: (store: RoomStore, database: string) => Promise<void>) => void;
}
