// @ts-check
/** @import { Traffic } from '../src/inspector/inspector-events.js' */
/** @import { Logged, TrafficFilter } from './traffic-log.js' */
import { byId, element, setAttribute, setText } from './dom.js';
import { formatCount } from './format.js';
import { listenToKeys } from './list-keys.js';
import { TrafficLog } from './traffic-log.js';
import { createTrafficDetail, createTrafficRow } from './traffic-rows.js';
import { VirtualList } from './virtual-list.js';

/** The live traffic of one room or of a service: pause, filter, and entries to expand. */
export class TrafficView {
  #log = new TrafficLog();
  #pause = byId('pause', HTMLButtonElement);
  #text = byId('traffic-text', HTMLInputElement);
  #direction = byId('traffic-direction', HTMLSelectElement);
  #client = byId('traffic-client', HTMLInputElement);

  /** @param {(filter: TrafficFilter) => void} onFilter */
  constructor(onFilter) {
    /** @type {VirtualList<Logged>} */
    this.list = new VirtualList(byId('traffic', HTMLElement), byId('traffic-rows', HTMLElement), {
      keyOf: ({ key }) => key,
      createRow: createTrafficRow,
      createDetail: createTrafficDetail,
      isFollowing: true,
    });
    listenToKeys(this.list, ({ key }) => this.list.toggle(key));
    this.list.space.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest('[data-key]') : null;
      const key = row instanceof HTMLElement ? row.dataset.key : undefined;
      if (key === undefined) return;
      this.list.activate(key);
      this.list.toggle(key);
    });
    const filtered = () =>
      onFilter({ text: this.#text.value, direction: this.#direction.value, client: this.#client.value.trim() });
    for (const field of [this.#text, this.#direction, this.#client]) field.addEventListener('input', filtered);
    this.#pause.addEventListener('click', () => this.togglePause());
    byId('export', HTMLButtonElement).addEventListener('click', () => this.#export());
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.clear());
  }

  /** @param {Traffic} traffic */
  add(traffic) {
    this.#show(this.#log.add(traffic));
  }

  togglePause() {
    if (this.#log.isPaused) {
      this.#show(this.#log.resume());
    } else {
      this.#log.pause();
      this.#show();
    }
  }

  /** @param {TrafficFilter} filter */
  filter(filter) {
    this.#log.filter(filter);
    if (this.#text.value !== filter.text) this.#text.value = filter.text;
    if (this.#client.value.trim() !== filter.client) this.#client.value = filter.client;
    this.#direction.value = filter.direction;
    this.#show();
  }

  focusFilter() {
    this.#text.select();
  }

  clear() {
    this.#log.clear();
    this.#show();
  }

  /** Removes all entries, for another room. */
  reset() {
    if (this.#log.isPaused) this.#log.resume();
    this.clear();
  }

  #export() {
    const file = new Blob([this.#log.toJsonLines()], { type: 'application/jsonl' });
    const link = element('a');
    link.href = URL.createObjectURL(file);
    link.download = `traffic-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.jsonl`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href));
  }

  /** @param {number} [removed] */
  #show(removed = 0) {
    const { shown, size, held, isPaused } = this.#log;
    this.list.show(shown, removed);
    setAttribute(this.#pause, 'aria-pressed', String(isPaused));
    setText(this.#pause, isPaused ? 'Resume' : 'Pause');
    byId('export', HTMLButtonElement).disabled = shown.length === 0;
    const isAll = shown.length === size;
    const count = `${isAll ? '' : `${formatCount(shown.length)} of `}${formatCount(size)}`;
    setText(byId('traffic-count', HTMLElement), isPaused ? `${count}, ${formatCount(held)} waiting` : count);
    const empty = byId('traffic-empty', HTMLElement);
    empty.hidden = shown.length > 0;
    setText(
      empty,
      size > 0
        ? 'Nothing here passes the filter.'
        : isPaused
          ? 'Paused.'
          : 'Nothing yet. Messages appear here as they pass.',
    );
  }
}
