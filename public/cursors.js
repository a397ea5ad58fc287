// @ts-check
const ARROW = 'M1 1 L1 14 L4.6 10.8 L7 16 L9.4 15 L7 9.8 L12 9.5 Z';
const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {{ name: string, color: number, x: number, y: number, isAway?: boolean }} Cursor `x` and `y` go from 0 to 1. */

/** The cursors of others over an area of the page, with their names. */
export class Cursors {
  /** @type {Map<string, HTMLElement>} */
  #all = new Map();

  /** @param {HTMLElement} area */
  constructor(area) {
    this.area = area;
  }

  /**
   * @param {string} key
   * @param {Cursor} cursor
   */
  place(key, { name, color, x, y, isAway = false }) {
    const cursor = this.#all.get(key) ?? this.#add(key);
    cursor.dataset.color = String(color);
    cursor.classList.toggle('away', isAway);
    cursor.style.left = `${x * 100}%`;
    cursor.style.top = `${y * 100}%`;
    /** @type {HTMLElement} */ (cursor.lastElementChild).textContent = name;
  }

  /** @param {string} key */
  remove(key) {
    this.#all.get(key)?.remove();
    this.#all.delete(key);
  }

  /** Removes all cursors except these. @param {ReadonlySet<string>} [keys] */
  keep(keys = new Set()) {
    for (const key of [...this.#all.keys()]) if (!keys.has(key)) this.remove(key);
  }

  /** @param {string} key */
  #add(key) {
    const cursor = document.createElement('span');
    cursor.className = 'cursor';
    const arrow = document.createElementNS(SVG, 'svg');
    arrow.setAttribute('viewBox', '0 0 14 18');
    const path = arrow.appendChild(document.createElementNS(SVG, 'path'));
    path.setAttribute('d', ARROW);
    cursor.append(arrow, document.createElement('span'));
    this.area.append(cursor);
    this.#all.set(key, cursor);
    return cursor;
  }
}
