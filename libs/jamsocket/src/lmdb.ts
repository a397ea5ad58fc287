export { LmdbStore, type LmdbStoreOptions } from './lmdb/lmdb-store.js';
