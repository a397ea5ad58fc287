/** The store's SQL statements, for given table names. */
export interface PostgresSql {
  readonly claim: string;
  readonly has: string;
  readonly parts: string;
  readonly segments: string;
  readonly commit: string;
  readonly written: string;
  readonly due: string;
  readonly list: string;
}

export function sqlFor(prefix: string): PostgresSql {
  const rooms = `${prefix}_rooms`;
  const parts = `${prefix}_parts`;
  const segments = `${prefix}_segments`;
  return {
    // $1 ids · $2 services · $3 keys · $4 fences of new records · $5 owners · $6 smallest fences. In the order of the ids, so
    // that two processes that claim the same rooms do not wait for each other.
    claim: `
INSERT INTO ${rooms} AS r (id, service, key, fence, owner, waits_for)
SELECT n.id, n.service, n.key, n.fence, n.owner, n.owner
FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[], $5::text[]) AS n (id, service, key, fence, owner)
ORDER BY n.id
ON CONFLICT (id) DO UPDATE SET
  fence = greatest(r.fence + 1, (
    SELECT least.fence FROM unnest($1::bytea[], $6::bigint[]) AS least (id, fence) WHERE least.id = r.id
  )),
  owner = excluded.owner,
  was_released = r.waits_for = '',
  waits_for = excluded.owner
RETURNING id, service, key, fence, sequence, has_parts, was_released`,
    has: `SELECT 1 FROM ${rooms} WHERE id = $1 AND (has_parts OR service <> $2 OR key <> $3)`,
    parts: `SELECT id, name, bytes FROM ${parts} WHERE id = ANY ($1::bytea[])`,
    segments: `SELECT id, number, bytes FROM ${segments} WHERE id = ANY ($1::bytea[]) ORDER BY id, number`,
    commit: commitSql(rooms, parts, segments),
    // Takes the first four values of `commit`. Returns the positions of the writes that the records contain already.
    written: `
SELECT w.place FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[]) WITH ORDINALITY
  AS w (id, fence, owner, sequence, place)
JOIN ${rooms} r ON r.id = w.id AND r.fence = w.fence AND r.owner = w.owner AND r.sequence >= w.sequence`,
    due: dueSql(rooms),
    list: `
SELECT key FROM ${rooms} WHERE service = $1 AND has_parts AND ($2::bytea IS NULL OR id > $2) ORDER BY id LIMIT $3`,
  };
}

/**
 * One statement, and so one transaction, for all rooms of a batch. Only the UPDATE and the DELETE check fence, owner and
 * sequence, since they lock the rows. They return the positions of the writes that passed; the rest of the statement works
 * on these.
 *
 * $1 ids · $2 fences · $3 owners · $4 sequences · $5 deletes · $6 releases · $7 keepFrom · $8 whether due is set · $9 due ·
 * $10 whether there are parts · $11 all bytes, concatenated · parts: $12 position of the room in $1, $13 name, $14
 * offset, $15 length · segments: $16 position, $17 number, $18 offset, $19 length
 */
function commitSql(rooms: string, parts: string, segments: string): string {
  const isNext = `r.id = w.id AND r.fence = w.fence AND r.owner = w.owner AND r.sequence = w.sequence - 1
    AND r.waits_for <> ''`;
  return `
WITH w AS (
  SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[], $5::boolean[], $6::boolean[], $7::bigint[],
    $8::boolean[], $9::bigint[], $10::boolean[]) WITH ORDINALITY
    AS w (id, fence, owner, sequence, is_delete, is_release, keep_from, has_due, due_at, has_parts, place)
), done AS (
  UPDATE ${rooms} r SET
    sequence = w.sequence,
    waits_for = CASE WHEN w.is_release THEN '' ELSE r.waits_for END,
    due_at = CASE WHEN w.has_due THEN w.due_at ELSE r.due_at END,
    has_parts = r.has_parts OR w.has_parts
  FROM w WHERE ${isNext} AND NOT w.is_delete
  RETURNING w.place, r.id, w.keep_from
), deleted AS (
  DELETE FROM ${rooms} r USING w WHERE ${isNext} AND w.is_delete
  RETURNING w.place, r.id
), written_parts AS (
  INSERT INTO ${parts} AS p (id, name, bytes)
  SELECT done.id, n.name, substring($11::bytea FROM n.at FOR n.size)
  FROM unnest($12::bigint[], $13::text[], $14::int[], $15::int[]) AS n (place, name, at, size) JOIN done USING (place)
  ON CONFLICT (id, name) DO UPDATE SET bytes = excluded.bytes
), dropped_segments AS (
  DELETE FROM ${segments} s USING done WHERE s.id = done.id AND s.number < done.keep_from
), written_segments AS (
  INSERT INTO ${segments} (id, number, bytes)
  SELECT done.id, n.number, substring($11::bytea FROM n.at FOR n.size)
  FROM unnest($16::bigint[], $17::bigint[], $18::int[], $19::int[]) AS n (place, number, at, size)
  JOIN done USING (place)
), deleted_parts AS (
  DELETE FROM ${parts} p USING deleted WHERE p.id = deleted.id
), deleted_segments AS (
  DELETE FROM ${segments} s USING deleted WHERE s.id = deleted.id
)
SELECT place FROM done UNION ALL SELECT place FROM deleted`;
}

/** Goes through the index service by service and owner by owner: skipping one in $3 is one seek, however many rooms it has. */
function dueSql(rooms: string): string {
  const first = `SELECT waits_for FROM ${rooms} WHERE due_at IS NOT NULL`;
  return `
WITH RECURSIVE owners AS (
  SELECT s.service, (${first} AND service = s.service ORDER BY waits_for LIMIT 1) AS waits_for
  FROM unnest($4::text[]) AS s (service)
  UNION ALL
  SELECT owners.service,
    (${first} AND service = owners.service AND waits_for > owners.waits_for ORDER BY waits_for LIMIT 1)
  FROM owners WHERE owners.waits_for IS NOT NULL
)
SELECT r.service, r.key, r.due_at FROM owners CROSS JOIN LATERAL (
  SELECT service, key, due_at FROM ${rooms}
  WHERE service = owners.service AND waits_for = owners.waits_for AND due_at <= $1 ORDER BY due_at LIMIT $2
) r
WHERE owners.waits_for = '' OR owners.waits_for <> ALL ($3::text[])
ORDER BY r.due_at LIMIT $2`;
}
