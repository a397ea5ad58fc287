// @ts-check
import { element, setAttribute } from './dom.js';

/**
 * A row, which shows different items over time.
 *
 * @template Item
 * @typedef {object} Row
 * @property {HTMLElement} element
 * @property {(item: Item) => void} update changes only what differs
 */

/**
 * @template Item
 * @typedef {object} ListOptions
 * @property {(item: Item) => string} keyOf
 * @property {() => Row<Item>} createRow
 * @property {(item: Item) => HTMLElement} [createDetail] what an expanded item shows below its row
 * @property {boolean} [isFollowing] whether a list that is scrolled to its end stays at the end. Default `false`
 */

/** Rows kept beyond each edge, so that scrolling shows no empty space before the next frame. */
const OVERSCAN = 6;

let lastId = 0;

/**
 * A list of any length with only the visible rows in the document. Rows are reused for other items; a visible item keeps
 * its row wherever it moves.
 *
 * @template Item
 */
export class VirtualList {
  /** @type {readonly Item[]} */
  #items = [];
  /** @type {Map<string, Row<Item>>} */
  #rows = new Map();
  /** @type {{ key: string, index: number, element: HTMLElement, height: number } | null} */
  #detail = null;
  /** @type {string | null} */
  #active = null;
  #isDue = false;
  #rowHeight = 0;

  /**
   * @param {HTMLElement} grid has the focus and the name
   * @param {HTMLElement} viewport inside it, scrolls; its `--row-height` is in pixels
   * @param {ListOptions<Item>} options
   */
  constructor(grid, viewport, options) {
    this.grid = grid;
    this.viewport = viewport;
    this.options = options;
    this.space = element('div', 'space');
    this.space.setAttribute('role', 'presentation');
    viewport.append(this.space);
    viewport.addEventListener('scroll', () => this.refresh(), { passive: true });
    new ResizeObserver(() => this.refresh()).observe(viewport);
  }

  get items() {
    return this.#items;
  }

  get activeKey() {
    return this.#active;
  }

  get rowsInSight() {
    return Math.max(1, Math.floor(this.viewport.clientHeight / (this.#rowHeight || 1)));
  }

  /**
   * @param {readonly Item[]} items
   * @param {number} [removed] how many were removed from the beginning: the visible items do not move
   */
  show(items, removed = 0) {
    this.#items = items;
    if (removed > 0 && !this.#isAtEnd()) this.viewport.scrollTop -= removed * this.#rowHeight;
    this.refresh();
  }

  /** Draws once before the next frame, however often it is called. */
  refresh() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  /** @param {string | null} key of the item that keys act upon */
  activate(key) {
    this.#active = key;
    this.refresh();
  }

  /** @param {number} index of the item to scroll to */
  reveal(index) {
    const { viewport } = this;
    const top = this.#topOf(index);
    if (top < viewport.scrollTop) viewport.scrollTop = top;
    const overhang = top + this.#rowHeight - viewport.scrollTop - viewport.clientHeight;
    if (overhang > 0) viewport.scrollTop += overhang;
  }

  /** @param {string} key of the item to expand; the expanded item is folded instead */
  toggle(key) {
    const wasOpen = this.#detail?.key === key;
    this.#detail?.element.remove();
    this.#detail = null;
    const index = this.#indexOf(key);
    const item = this.#items[index];
    if (!wasOpen && item && this.options.createDetail) {
      const detail = element('div', 'detail', this.options.createDetail(item));
      this.space.append(detail);
      this.#detail = { key, index, element: detail, height: detail.offsetHeight };
    }
    this.refresh();
  }

  #draw() {
    const { viewport, space } = this;
    const isHidden = viewport.clientHeight === 0;
    if (isHidden) return;
    this.#rowHeight ||= Number.parseFloat(getComputedStyle(viewport).getPropertyValue('--row-height'));
    this.#findDetail();
    const isHeldAtEnd = this.options.isFollowing && !this.#detail && this.#isAtEnd();
    this.#alignHead();
    const height = `${this.#topOf(this.#items.length)}px`;
    if (space.style.height !== height) space.style.height = height;
    if (isHeldAtEnd) viewport.scrollTop = viewport.scrollHeight;
    const from = Math.max(0, this.#indexAt(viewport.scrollTop) - OVERSCAN);
    const to = Math.min(this.#items.length, this.#indexAt(viewport.scrollTop + viewport.clientHeight) + 1 + OVERSCAN);
    this.#place(from, to);
    this.#mark();
    setAttribute(this.grid, 'aria-rowcount', String(this.#items.length));
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  #place(from, to) {
    const { keyOf } = this.options;
    const before = this.#rows;
    this.#rows = new Map();
    /** @type {{ index: number, key: string }[]} */
    const homeless = [];
    for (let index = from; index < to; index++) {
      const key = keyOf(this.#items[index]);
      const row = before.get(key);
      if (row) this.#put(row, index, key);
      else homeless.push({ index, key });
      before.delete(key);
    }
    const free = [...before.values()];
    for (const { index, key } of homeless) this.#put(free.pop() ?? this.#make(), index, key);
    for (const row of free) row.element.remove();
  }

  #make() {
    const row = this.options.createRow();
    row.element.id = `row-${++lastId}`;
    this.space.append(row.element);
    return row;
  }

  /**
   * @param {Row<Item>} row
   * @param {number} index
   * @param {string} key
   */
  #put(row, index, key) {
    this.#rows.set(key, row);
    row.update(this.#items[index]);
    const transform = `translateY(${this.#topOf(index)}px)`;
    if (row.element.style.transform !== transform) row.element.style.transform = transform;
    setAttribute(row.element, 'aria-rowindex', String(index + 1));
    setAttribute(row.element, 'aria-selected', String(key === this.#active));
    if (this.options.createDetail) setAttribute(row.element, 'aria-expanded', String(key === this.#detail?.key));
  }

  /** The columns of the head stand above those of the rows, which are narrower by a scroll bar if there is one. */
  #alignHead() {
    const head = this.grid.querySelector('.head');
    const width = `${this.viewport.offsetWidth - this.viewport.clientWidth}px`;
    if (head instanceof HTMLElement && head.style.paddingRight !== width) head.style.paddingRight = width;
  }

  /** Moves the detail below its row, and the focus of assistive technology to the active row. */
  #mark() {
    const active = this.#active === null ? undefined : this.#rows.get(this.#active);
    if (active) setAttribute(this.grid, 'aria-activedescendant', active.element.id);
    else this.grid.removeAttribute('aria-activedescendant');
    if (!this.#detail) return;
    const top = (this.#detail.index + 1) * this.#rowHeight;
    this.#detail.element.style.transform = `translateY(${top}px)`;
  }

  /** The expanded item may have moved or been removed. */
  #findDetail() {
    if (!this.#detail) return;
    this.#detail.index = this.#indexOf(this.#detail.key);
    if (this.#detail.index < 0) this.toggle(this.#detail.key);
  }

  #isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.viewport;
    return scrollTop + clientHeight >= scrollHeight - 4;
  }

  /** @param {string} key */
  #indexOf(key) {
    return this.#items.findIndex((item) => this.options.keyOf(item) === key);
  }

  /** @param {number} index */
  #topOf(index) {
    const above = this.#detail && index > this.#detail.index ? this.#detail.height : 0;
    return index * this.#rowHeight + above;
  }

  /** @param {number} y from the top of the list */
  #indexAt(y) {
    const index = Math.floor(y / this.#rowHeight);
    if (!this.#detail) return index;
    const { index: expanded, height } = this.#detail;
    return index <= expanded ? index : Math.max(expanded, Math.floor((y - height) / this.#rowHeight));
  }
}
