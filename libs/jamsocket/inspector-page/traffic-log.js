// @ts-check
/** @import { Traffic, TrafficEntry } from '../src/inspector/inspector-events.js' */

/**
 * An entry as the page keeps it. A `gap` stands for entries that the server left out because there were too many.
 *
 * @typedef {Omit<TrafficEntry, 'dir'> & { key: string, dir: TrafficEntry['dir'] | 'gap', searched: string }} Logged
 */

/**
 * @typedef {object} TrafficFilter
 * @property {string} text to find in the message, its event, its handler, its error or its room
 * @property {string} direction `in`, `out`, `clients` (joins, leaves and the like) or `error`; empty for all
 * @property {string} client id of the sender or a recipient; empty for all
 */

export const MAX_ENTRIES = 2_000;

/** A map, since the key comes from the page's address. @type {ReadonlyMap<string, readonly Logged['dir'][]>} */
const DIRECTIONS = new Map([
  ['in', ['in', 'gap']],
  ['out', ['out', 'gap']],
  ['clients', ['join', 'leave', 'lost', 'back']],
  ['error', ['turn-error']],
]);

/** The newest entries of a room, those that pass the filter, and those that wait while the log is paused. */
export class TrafficLog {
  /** @type {Logged[]} */
  #all = [];
  /** @type {Logged[]} */
  #shown = [];
  /** @type {Logged[]} */
  #held = [];
  #lastKey = 0;
  /** @type {TrafficFilter} */
  #filter = { text: '', direction: '', client: '' };
  #isPaused = false;

  get shown() {
    return this.#shown;
  }

  get size() {
    return this.#all.length;
  }

  get held() {
    return this.#held.length;
  }

  get isPaused() {
    return this.#isPaused;
  }

  /**
   * @param {Traffic} traffic
   * @returns {number} how many of the oldest shown entries were dropped, since the log is bounded
   */
  add({ entries, dropped }) {
    const logged = entries.map((entry) => this.#log(entry));
    if (dropped > 0) logged.push(this.#gap(dropped, entries.at(-1)?.at ?? Date.now()));
    if (!this.#isPaused) return this.#append(logged);
    this.#held.push(...logged);
    this.#held.splice(0, this.#held.length - MAX_ENTRIES);
    return 0;
  }

  pause() {
    this.#isPaused = true;
  }

  /** @returns {number} as {@link add} */
  resume() {
    this.#isPaused = false;
    return this.#append(this.#held.splice(0));
  }

  clear() {
    this.#all = [];
    this.#shown = [];
    this.#held = [];
  }

  /** What passes the filter, one JSON object a line, oldest first. */
  toJsonLines() {
    // Without what only the page needs: JSON leaves out what is undefined.
    const own = { n: undefined, key: undefined, searched: undefined };
    const lines = this.#shown.map((logged) => {
      return `${JSON.stringify({ ...logged, ...own, at: new Date(logged.at).toISOString() })}\n`;
    });
    return lines.join('');
  }

  /** @param {TrafficFilter} filter */
  filter(filter) {
    this.#filter = { ...filter, text: filter.text.toLowerCase() };
    this.#shown = this.#all.filter((logged) => this.#passes(logged));
  }

  /** @param {readonly Logged[]} logged */
  #append(logged) {
    this.#all.push(...logged);
    this.#all.splice(0, this.#all.length - MAX_ENTRIES);
    const passing = logged.filter((one) => this.#passes(one));
    const oldest = Number(this.#all[0]?.key ?? 0);
    const kept = this.#shown.findIndex(({ key }) => Number(key) >= oldest);
    const removed = kept < 0 ? this.#shown.length : kept;
    this.#shown = [...this.#shown.slice(removed), ...passing.filter(({ key }) => Number(key) >= oldest)];
    return removed;
  }

  /** @param {Logged} logged */
  #passes({ dir, client, to, searched }) {
    const filter = this.#filter;
    if (filter.direction !== '' && !DIRECTIONS.get(filter.direction)?.includes(dir)) return false;
    if (filter.client !== '' && String(client) !== filter.client && !isFor(to, filter.client)) return false;
    return filter.text === '' || searched.includes(filter.text);
  }

  /**
   * @param {TrafficEntry} entry
   * @returns {Logged}
   */
  #log(entry) {
    const { event = '', preview, handler = '', error = '', room = '' } = entry;
    const searched = `${event}\n${preview}\n${handler}\n${error}\n${room}`.toLowerCase();
    return { ...entry, key: String(++this.#lastKey), searched };
  }

  /**
   * @param {number} dropped
   * @param {number} at
   * @returns {Logged}
   */
  #gap(dropped, at) {
    const preview = `${dropped} more, too many to be shown`;
    return { n: 0, at, dir: 'gap', preview, bytes: 0, key: String(++this.#lastKey), searched: preview };
  }
}

/**
 * @param {string | undefined} to
 * @param {string} client
 */
function isFor(to, client) {
  if (to === undefined) return false;
  return to === client || (to.startsWith('everyone') && to !== `everyone but ${client}`);
}
