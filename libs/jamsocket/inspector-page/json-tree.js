// @ts-check
import { button, element, setAttribute, setText } from './dom.js';
import { visibleText } from './visible.js';

/** Most members shown of one object or array: nobody would read more, and they would slow the page down. */
const MAX_MEMBERS = 500;

/** Objects with up to this many members are unfolded at first, down to this depth. */
const OPEN_MEMBERS = 24;
const OPEN_DEPTH = 2;

/** A JSON value that can be folded. A new value reuses the existing nodes, so that unfolded ones stay unfolded. */
export class JsonTree {
  /** @type {JsonNode | null} */
  #root = null;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  /** @param {unknown} value */
  update(value) {
    if (!this.#root) {
      this.#root = new JsonNode('', 0);
      this.place.append(element('ul', 'json', this.#root.element));
    }
    this.#root.update(value);
  }

  clear() {
    this.#root = null;
    this.place.replaceChildren();
  }
}

class JsonNode {
  /** @type {Map<string, JsonNode>} */
  #members = new Map();
  /** @type {boolean | null} */
  #isOpen = null;
  /** @type {unknown} */
  #value = undefined;
  #toggle = button('', 'plain fold', () => this.#fold());
  #shown = element('span');
  #list = element('ul');
  #more = element('li', 'soft');

  /**
   * @param {string} name
   * @param {number} depth
   */
  constructor(name, depth) {
    this.depth = depth;
    this.label = element('span', 'member', visibleText(name));
    this.element = element('li', '', this.#toggle, this.label, this.#shown, this.#list);
    this.#toggle.setAttribute('aria-label', name === '' ? 'State' : visibleText(name));
  }

  /** @param {unknown} value */
  update(value) {
    this.#value = value;
    const members = membersOf(value);
    this.#toggle.hidden = members === null || members.length === 0;
    this.#list.hidden = this.#toggle.hidden;
    if (members === null) {
      setText(this.#shown, visibleText(JSON.stringify(value) ?? 'undefined'));
      setAttribute(this.#shown, 'class', `value ${value === null ? 'null' : typeof value}`);
      this.#showMembers([]);
      return;
    }
    this.#isOpen ??= this.depth < OPEN_DEPTH && members.length <= OPEN_MEMBERS;
    const size = members.length;
    setText(this.#shown, Array.isArray(value) ? `[${size || ''}]` : `{${size || ''}}`);
    setAttribute(this.#shown, 'class', 'value soft');
    setAttribute(this.#toggle, 'aria-expanded', String(this.#isOpen));
    this.#showMembers(this.#isOpen ? members : []);
  }

  #fold() {
    this.#isOpen = !this.#isOpen;
    this.update(this.#value);
  }

  /** @param {readonly (readonly [string, unknown])[]} members */
  #showMembers(members) {
    const shown = new Map(members.slice(0, MAX_MEMBERS));
    for (const [name, node] of this.#members) {
      if (shown.has(name)) continue;
      node.element.remove();
      this.#members.delete(name);
    }
    for (const [name, value] of shown) {
      let node = this.#members.get(name);
      if (!node) {
        node = new JsonNode(name, this.depth + 1);
        this.#members.set(name, node);
        this.#list.append(node.element);
      }
      node.update(value);
    }
    this.#more.remove();
    if (members.length <= MAX_MEMBERS) return;
    setText(this.#more, `… ${members.length - MAX_MEMBERS} more`);
    this.#list.append(this.#more);
  }
}

/**
 * @param {unknown} value
 * @returns {[string, unknown][] | null} `null` for values without members, such as numbers and strings
 */
function membersOf(value) {
  return typeof value === 'object' && value !== null ? Object.entries(value) : null;
}
