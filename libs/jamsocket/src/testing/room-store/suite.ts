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
}

/** Passed to each group of tests. */
export interface Suite {
  readonly expect: TestFramework['expect'];
  readonly options: RoomStoreSuiteOptions;
  /** Defines a test with a store on an empty database. The store is closed afterwards. */
  readonly test: (name: string, body: (store: RoomStore, database: string) => Promise<void>) => void;
}
