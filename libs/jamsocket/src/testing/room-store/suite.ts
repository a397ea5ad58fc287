import type { RoomKey, RoomStore } from '../../store/room-store.js';
import type { TestFramework } from '../framework/test-framework.js';

/** What `describeRoomStore` needs to test a RoomStore. */
export interface RoomStoreSuiteOptions {
  /**
   * Opens a store on the database of that name, which consists of letters and digits. Each test uses a new name, for which
   * the database must be empty. Opening the same name again must give a second store on the same data, as in another
   * process. The suite closes each store.
   */
  open(database: string): RoomStore | Promise<RoomStore>;
  /**
   * Makes the record of that room unreadable without using the store: remove a part of it, or overwrite it. Without this
   * function, the tests about unreadable records are skipped.
   */
  damage?(database: string, room: RoomKey): void | Promise<void>;
  /** Set it if the data belongs to one instance, as with `MemoryStore`: tests with a second instance are skipped. */
  readonly isPrivate?: boolean;
  /** How to make the database fail. Without it, the tests of faults are skipped. */
  readonly faults?: StoreFaults;
}

/**
 * Makes the database of that name fail. Each function resolves when the fault has begun, with a function that ends it.
 * Leave out what your database cannot do: its tests are skipped, and a line on stderr says so.
 */
export interface StoreFaults {
  /** The database refuses all writes, as with a full disk, and reads as before or not at all. */
  refuse?(database: string): Promise<() => unknown>;
  /** The database answers nothing, as if its process were stopped. It may do afterwards what it was asked meanwhile. */
  hang?(database: string): Promise<() => unknown>;
}

/** Passed to each group of tests. */
export interface Suite {
  /** For messages. */
  readonly name: string;
  readonly expect: TestFramework['expect'];
  readonly options: RoomStoreSuiteOptions;
  /** Defines a test with a store on an empty database. The store is closed afterwards. */
  readonly test: (name: string, body: (store: RoomStore, database: string) => Promise<void>) => void;
}
