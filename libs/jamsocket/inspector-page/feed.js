// @ts-check
/** @import { Overview, RoomDetail, RoomChanges, Traffic } from '../src/inspector/inspector-events.js' */

/**
 * `live`: events arrive. `ended`: the application has announced its shutdown. `away`: it cannot be reached.
 *
 * @typedef {'connecting' | 'live' | 'ended' | 'away'} FeedState
 */

/**
 * @typedef {object} FeedListener
 * @property {(state: FeedState) => void} onState
 * @property {(overview: Overview) => void} onOverview
 * @property {(change: RoomChanges) => void} onRooms
 * @property {(detail: RoomDetail) => void} onRoom
 * @property {(traffic: Traffic) => void} onTraffic
 */

/** EventSource gives up after an answer that is no event stream, such as a proxy's 502. Then a new one is opened. */
const REOPEN_MS = 2_000;

/** The server's events about all rooms and about the watched room. It reconnects by itself. */
export class Feed {
  /** @type {EventSource | null} */
  #source = null;
  /** @type {EventSource[]} stay open until the newest one has started, so that the server keeps measuring */
  #replaced = [];
  /** @type {string | null} */
  #room = null;
  /** @type {FeedState} */
  #state = 'connecting';
  #reopening = 0;

  /**
   * @param {string} base path of the inspector
   * @param {FeedListener} listener
   */
  constructor(base, listener) {
    this.base = base;
    this.listener = listener;
  }

  /** @param {string | null} room key of the room to watch */
  watch(room) {
    if (this.#source && room === this.#room) return;
    this.#room = room;
    this.#open();
  }

  #open() {
    clearTimeout(this.#reopening);
    if (this.#source) this.#replaced.push(this.#source);
    const query = this.#room === null ? '' : `?room=${encodeURIComponent(this.#room)}`;
    const source = new EventSource(`${this.base}/events${query}`);
    this.#source = source;
    this.#on(source, 'overview', this.listener.onOverview);
    this.#on(source, 'rooms', this.listener.onRooms);
    this.#on(source, 'room', this.listener.onRoom);
    this.#on(source, 'traffic', this.listener.onTraffic);
    source.addEventListener('end', () => this.#become('ended'));
    source.addEventListener('error', () => this.#failed(source));
  }

  /**
   * @template T
   * @param {EventSource} source
   * @param {string} name
   * @param {(data: T) => void} listener
   */
  #on(source, name, listener) {
    source.addEventListener(name, ({ data }) => {
      if (source !== this.#source) return;
      this.#closeReplaced();
      this.#become('live');
      listener(JSON.parse(data));
    });
  }

  /** @param {EventSource} source */
  #failed(source) {
    if (source !== this.#source) return;
    this.#closeReplaced();
    if (this.#state !== 'ended') this.#become('away');
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(this.#reopening);
    this.#reopening = setTimeout(() => this.#open(), REOPEN_MS);
  }

  #closeReplaced() {
    for (const source of this.#replaced.splice(0)) source.close();
  }

  /** @param {FeedState} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.listener.onState(state);
  }
}
