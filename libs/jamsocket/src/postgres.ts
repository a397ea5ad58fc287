export { PostgresStore, type PostgresStoreOptions } from './postgres/postgres-store.js';
export { postgresTables } from './postgres/postgres-tables.js';
export type { PostgresClient, PostgresPool, PostgresResult } from './postgres/postgres-pool.js';
