// @ts-check
/** @import { RoomColumn } from './room-columns.js' */
/** @import { RoomEntry, RoomsStore } from './rooms-store.js' */
/** @import { View } from './view-address.js' */
/** @import { Row } from './virtual-list.js' */
import { button, byId, element, setAttribute, setText } from './dom.js';
import { formatCount, formatCounted } from './format.js';
import { listenToKeys } from './list-keys.js';
import { ROOM_COLUMNS } from './room-columns.js';
import { VirtualList } from './virtual-list.js';
import { visibleName } from './visible.js';

/** Columns that are known of rooms of other processes. */
const KNOWN_ELSEWHERE = new Set(['service', 'room', 'clients']);

/** @typedef {Pick<View, 'filter' | 'service' | 'sort' | 'isDescending'>} Selected */

/** The rooms of all services: a filter, columns to sort by, and rows to open. */
export class RoomsTable {
  #now = 0;
  #count = byId('count', HTMLElement);
  #filter = byId('filter', HTMLInputElement);
  /** @type {Map<string, HTMLElement>} */
  #headings = new Map();

  /**
   * @param {(selected: Partial<Selected>) => void} onSelect
   * @param {(key: string) => void} onOpen
   */
  constructor(onSelect, onOpen) {
    this.onSelect = onSelect;
    /** @type {Selected} */
    this.selected = { filter: '', service: '', sort: '', isDescending: true };
    /** @type {VirtualList<RoomEntry>} */
    this.list = new VirtualList(byId('rooms', HTMLElement), byId('rooms-rows', HTMLElement), {
      keyOf: ({ key }) => key,
      createRow: () => this.#createRow(onOpen),
    });
    listenToKeys(this.list, ({ key }) => onOpen(key));
    byId('rooms-head', HTMLElement).append(...ROOM_COLUMNS.map((column) => this.#heading(column)));
    this.#filter.addEventListener('input', () => onSelect({ filter: this.#filter.value }));
    this.#filter.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter' || key === 'ArrowDown') this.list.grid.focus();
    });
  }

  /**
   * @param {RoomsStore} store
   * @param {Selected} selected
   * @param {number} now
   */
  show(store, selected, now) {
    this.#now = now;
    this.selected = selected;
    const column = ROOM_COLUMNS.find(({ id }) => id === selected.sort) ?? ROOM_COLUMNS[0];
    const entries = store.select({ ...selected, by: (row) => column.value(row, now) });
    this.list.show(entries);
    const isAll = entries.length === store.size;
    setText(this.#count, `${isAll ? '' : `${formatCount(entries.length)} of `}${formatCounted(store.size, 'room')}`);
    if (this.#filter.value !== selected.filter) this.#filter.value = selected.filter;
    for (const [id, heading] of this.#headings) {
      const order = id !== selected.sort ? 'none' : selected.isDescending ? 'descending' : 'ascending';
      setAttribute(heading, 'aria-sort', order);
    }
    byId('no-match', HTMLElement).hidden = store.size === 0 || entries.length > 0;
  }

  /** @param {RoomColumn} column */
  #heading({ id, label, meaning, format }) {
    const sort = button(label, 'plain', () => {
      const { sort: current, isDescending } = this.selected;
      const isNumber = format !== undefined;
      this.onSelect({ sort: id, isDescending: current === id ? !isDescending : isNumber });
    });
    sort.title = meaning;
    const heading = element('div', format ? 'number' : '', sort);
    heading.setAttribute('role', 'columnheader');
    heading.dataset.column = id;
    this.#headings.set(id, heading);
    return heading;
  }

  /**
   * @param {(key: string) => void} onOpen
   * @returns {Row<RoomEntry>}
   */
  #createRow(onOpen) {
    const cells = ROOM_COLUMNS.map(({ id, format }) => {
      const cell = element('div', format ? 'number' : 'name');
      cell.setAttribute('role', 'gridcell');
      cell.dataset.column = id;
      return cell;
    });
    const row = element('div', '', ...cells);
    row.setAttribute('role', 'row');
    let key = '';
    row.addEventListener('click', () => onOpen(key));
    return {
      element: row,
      update: (entry) => {
        key = entry.key;
        setAttribute(row, 'data-elsewhere', String(entry.row.node !== undefined));
        for (const [index, column] of ROOM_COLUMNS.entries()) showCell(cells[index], column, entry, this.#now);
      },
    };
  }
}

/**
 * @param {HTMLElement} cell
 * @param {string | undefined} node
 */
function showNode(cell, node) {
  if (node === undefined) cell.removeAttribute('data-node');
  else setAttribute(cell, 'data-node', visibleName(node));
}

/**
 * @param {HTMLElement} cell
 * @param {RoomColumn} column
 * @param {RoomEntry} entry
 * @param {number} now
 */
function showCell(cell, { id, value, format, isTrouble }, { row }, now) {
  if (id === 'room') showNode(cell, row.node);
  if (row.node !== undefined && row.isSibling !== true && !KNOWN_ELSEWHERE.has(id)) return setText(cell, '');
  const shown = value(row, now);
  if (typeof shown === 'string') {
    const name = visibleName(shown);
    setText(cell, name);
    setAttribute(cell, 'title', name);
    return;
  }
  setText(cell, format?.(shown) ?? String(shown));
  setAttribute(cell, 'data-level', shown === 0 ? 'none' : isTrouble ? 'trouble' : 'some');
}
