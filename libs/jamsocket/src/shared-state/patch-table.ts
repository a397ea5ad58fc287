import { REMOVED, type Changed, type ChangedPart } from './changed.js';
import { FewEntries } from './few-entries.js';
import type { PlainObject } from './plain-object.js';

// Where many elements of an object or array change in the same way, as the players of a game move, the names of what changes
// are sent once, and the elements have no keys: [fields, gaps, cells] (see `applyPatch`).

/** Fewer elements are not worth it. */
const MIN_ROWS = 4;
/** Finding the rows means sorting all keys of the object, on both sides. */
const MAX_KEYS_PER_ROW = 16;
/** A field that has not changed in a row is sent again, if it is not longer than this as JSON. */
const MAX_FILL = 12;

interface Table {
  readonly fields: readonly string[];
  /** The cells of each row, by its key. */
  readonly rows: ReadonlyMap<string, string>;
}

/**
 * The JSON of a patch with a table; `undefined` if what has changed is not like a table.
 * @param textOf the JSON of the patch of a cell
 * @param restText the JSON of the patch with these changes only
 */
export function tableText(
  { before, parts, names }: Changed,
  textOf: (changed: Changed) => string,
  restText: (parts: readonly ChangedPart[]) => string,
): string | undefined {
  if (parts.length < MIN_ROWS) return undefined;
  const table = tableOf(parts, textOf);
  if (table === undefined) return undefined;
  const { fields, rows } = table;
  const keys = names === null ? Object.keys(before) : names.slice();
  if (keys.length > rows.size * MAX_KEYS_PER_ROW) return undefined;
  const [gaps, cells] = inOrder(keys.sort(), rows);
  const rest = rows.size === parts.length ? [] : parts.filter(({ key }) => !rows.has(key));
  const restOrNone = rest.length === 0 ? '' : `,${restText(rest)}`;
  return `[${JSON.stringify(fields)},[${gaps.join()}],[${cells.join()}]${restOrNone}]`;
}

function tableOf(parts: readonly ChangedPart[], textOf: (changed: Changed) => string): Table | undefined {
  const fields = commonFields(parts);
  if (fields.length === 0) return undefined;
  const rows = new Map<string, string>();
  for (const { key, patch } of parts) {
    const cells = typeof patch === 'string' ? undefined : cellsOf(patch, fields, textOf);
    if (cells !== undefined) rows.set(key, cells);
  }
  return rows.size < MIN_ROWS ? undefined : { fields, rows };
}

/** What has changed in at least half of the elements. */
function commonFields(parts: readonly ChangedPart[]): string[] {
  const counts = new FewEntries<string, number>();
  let rows = 0;
  for (const { patch } of parts) {
    if (typeof patch === 'string') continue;
    rows++;
    for (const { key } of patch.parts) {
      const index = counts.indexOf(key);
      if (index < 0) counts.set(key, 1);
      else counts.values[index]++;
    }
  }
  return rows < MIN_ROWS ? [] : counts.keys.filter((_, index) => counts.values[index] * 2 >= rows);
}

/** Patches of all these fields of an element; `undefined` if something else in it has changed, or a field is long. */
function cellsOf(
  { after, parts }: Changed,
  fields: readonly string[],
  textOf: (changed: Changed) => string,
): string | undefined {
  let cells = '';
  let found = 0;
  for (const field of fields) {
    // Mostly in the same order.
    const part = parts[found]?.key === field ? parts[found] : parts.find(({ key }) => key === field);
    if (part !== undefined) found++;
    const cell = part === undefined ? fill(after as PlainObject, field) : part.patch;
    if (cell === undefined) return undefined;
    cells += `${cells === '' ? '' : ','}${typeof cell === 'string' ? cell : textOf(cell)}`;
  }
  return found === parts.length ? cells : undefined;
}

function fill(after: PlainObject, field: string): string | undefined {
  if (!Object.hasOwn(after, field)) return REMOVED;
  const value = after[field];
  // JSON of a long string takes time.
  if ((typeof value === 'object' && value !== null) || (typeof value === 'string' && value.length > MAX_FILL))
    return undefined;
  const text = JSON.stringify(value);
  return text.length > MAX_FILL ? undefined : text;
}

/**
 * For each row in this order of keys, how many keys are between it and the row before; zeros at the end are left out.
 * And the cells of the rows in this order.
 */
function inOrder(keys: readonly string[], rows: ReadonlyMap<string, string>): [gaps: number[], cells: string[]] {
  const gaps: number[] = [];
  const cells: string[] = [];
  let next = 0;
  let length = 0;
  for (let at = 0; at < keys.length && gaps.length < rows.size; at++) {
    const row = rows.get(keys[at]);
    if (row === undefined) continue;
    if (gaps.push(at - next) && at > next) length = gaps.length;
    cells.push(row);
    next = at + 1;
  }
  return [gaps.slice(0, length), cells];
}
