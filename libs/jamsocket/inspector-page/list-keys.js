// @ts-check
/** @import { VirtualList } from './virtual-list.js' */

/** @type {Readonly<Record<string, (index: number, page: number, last: number) => number>>} */
const MOVES = {
  ArrowDown: (index) => index + 1,
  ArrowUp: (index) => index - 1,
  PageDown: (index, page) => index + page,
  PageUp: (index, page) => index - page,
  Home: () => 0,
  End: (_index, _page, last) => last,
};

/**
 * In a focused list, the arrows, Home, End and the page keys select an item. Enter or a click opens it.
 *
 * @template Item
 * @param {VirtualList<Item>} list
 * @param {(item: Item) => void} open
 */
export function listenToKeys(list, open) {
  const { grid, options } = list;
  grid.addEventListener('keydown', (event) => {
    if (event.target !== grid || event.ctrlKey || event.metaKey || event.altKey) return;
    const current = list.items.findIndex((item) => options.keyOf(item) === list.activeKey);
    if (event.key === 'Enter' && current >= 0) open(list.items[current]);
    const move = MOVES[event.key];
    if (!move || list.items.length === 0) return;
    event.preventDefault();
    const last = list.items.length - 1;
    const index = Math.min(last, Math.max(0, move(current, list.rowsInSight, last)));
    list.activate(options.keyOf(list.items[index]));
    list.reveal(index);
  });
  grid.addEventListener('focus', () => {
    const [first] = list.items;
    if (list.activeKey === null && first !== undefined) list.activate(options.keyOf(first));
  });
}
