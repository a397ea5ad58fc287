// @ts-check
/** @import { RoomRow, RoomChanges } from '../src/inspector/inspector-events.js' */

/**
 * @typedef {object} RoomEntry
 * @property {string} key
 * @property {RoomRow} row the newest one
 * @property {string} searched the text that a filter searches
 */

/**
 * @typedef {object} RoomSelection
 * @property {string} filter words that must all occur in the service or the room's id
 * @property {string} service empty for all
 * @property {(row: RoomRow) => number | string} by the value to sort by
 * @property {boolean} isDescending
 */

/** @typedef {{ in: number, out: number }} Rates messages a second */

const names = new Intl.Collator('en', { numeric: true });

/** All rooms of the application. A changed row keeps its entry. */
export class RoomsStore {
  /** @type {Map<string, RoomEntry>} */
  #entries = new Map();
  /** @type {RoomEntry[]} */
  #byName = [];

  get size() {
    return this.#entries.size;
  }

  /** @param {string} key */
  get(key) {
    return this.#entries.get(key)?.row;
  }

  /** @param {RoomChanges} change */
  apply(change) {
    const sizeBefore = this.#byName.length;
    const kept = change.isFull ? new Set(change.rooms.map(({ key }) => key)) : null;
    const gone = kept ? [...this.#entries.keys()].filter((key) => !kept.has(key)) : change.gone;
    const isShorter = gone.filter((key) => this.#entries.delete(key)).length > 0;
    for (const row of change.rooms) this.#put(row);
    if (this.#byName.length > sizeBefore) this.#byName.sort(compareNames);
    if (isShorter) this.#byName = this.#byName.filter((entry) => this.#entries.get(entry.key) === entry);
  }

  /** @returns {Map<string, Rates>} by service */
  rates() {
    /** @type {Map<string, Rates>} */
    const rates = new Map();
    for (const { row } of this.#byName) {
      const sum = rates.get(row.service);
      if (sum) {
        sum.in += row.in;
        sum.out += row.out;
      } else {
        rates.set(row.service, { in: row.in, out: row.out });
      }
    }
    return rates;
  }

  /**
   * @param {RoomSelection} selection
   * @returns {RoomEntry[]} in the requested order; entries with equal values by name
   */
  select({ filter, service, by, isDescending }) {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const entries = this.#byName.filter(
      ({ row, searched }) =>
        (service === '' || row.service === service) && words.every((word) => searched.includes(word)),
    );
    const sign = isDescending ? -1 : 1;
    return entries.sort((one, other) => sign * compare(by(one.row), by(other.row)));
  }

  /** @param {RoomRow} row */
  #put(row) {
    const entry = this.#entries.get(row.key);
    if (entry) {
      entry.row = row;
      entry.searched = searchedIn(row);
      return;
    }
    const made = { key: row.key, row, searched: searchedIn(row) };
    this.#entries.set(row.key, made);
    this.#byName.push(made);
  }
}

/** @param {RoomRow} row */
function searchedIn({ service, room, node = '' }) {
  return `${service}/${room} ${node}`.toLowerCase();
}

/**
 * @param {RoomEntry} one
 * @param {RoomEntry} other
 */
function compareNames({ row: one }, { row: other }) {
  return names.compare(one.service, other.service) || names.compare(one.room, other.room);
}

/**
 * @param {number | string} one
 * @param {number | string} other
 */
function compare(one, other) {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return names.compare(String(one), String(other));
}
