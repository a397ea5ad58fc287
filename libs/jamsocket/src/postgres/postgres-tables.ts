/** @throws TypeError */
export function assertPrefix(prefix: string): void {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(prefix))
    throw new TypeError(
      `PostgresStore: prefix ${JSON.stringify(prefix)} may have up to 40 lower-case letters, digits and _ only.`,
    );
}

/**
 * The statements that create the tables of a `PostgresStore`, for your own migration (with `createTables: false`).
 *
 * A room's id is the SHA-256 of its service and key: an index of PostgreSQL takes no keys of more than 2,700 bytes.
 * `waits_for` is the owner, who wakes the room when it is due; empty if the room was released: then any process may wake it.
 * `was_released` says whether it was released when it was claimed last: only the row that is updated knows that.
 * @throws TypeError if `prefix` is invalid
 */
export function postgresTables(prefix = 'jamsocket'): readonly string[] {
  assertPrefix(prefix);
  return [
    `CREATE TABLE IF NOT EXISTS ${prefix}_rooms (
  id bytea PRIMARY KEY,
  service text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  fence bigint NOT NULL,
  owner text COLLATE "C" NOT NULL,
  waits_for text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL DEFAULT 0,
  due_at bigint,
  has_parts boolean NOT NULL DEFAULT false,
  was_released boolean NOT NULL DEFAULT false
)`,
    `CREATE INDEX IF NOT EXISTS ${prefix}_rooms_due ON ${prefix}_rooms (service, waits_for, due_at) WHERE due_at IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${prefix}_rooms_list ON ${prefix}_rooms (service, id) WHERE has_parts`,
    `CREATE TABLE IF NOT EXISTS ${prefix}_parts (
  id bytea NOT NULL,
  name text NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (id, name)
)`,
    `CREATE TABLE IF NOT EXISTS ${prefix}_segments (
  id bytea NOT NULL,
  number bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (id, number)
)`,
  ];
}
