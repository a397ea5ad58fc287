// @ts-check
/** @import { SavedDetail } from '../src/inspector/inspector-events.js' */
import { byId, element, setAttribute, setText } from './dom.js';
import { formatBytes, formatCount, formatDuration } from './format.js';

/** @type {Readonly<Record<string, string>>} */
const ENDS = {
  crash: 'after a crash',
  restart: 'after a restart',
  moved: 'after it moved here',
  idle: 'after it had been empty',
};

const PARTS = /** @type {const} */ ([
  ['state', 'state'],
  ['clientData', 'client data'],
  ['members', 'members and timers'],
  ['log', 'log'],
]);

/** The saved state of the room: age, size, and what waits for the store. Hidden for rooms that are not durable. */
export class SavedPanel {
  #panel = byId('saved-panel', HTMLElement);
  #list = byId('saved', HTMLElement);
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();

  /**
   * @param {SavedDetail | undefined} saved
   * @param {number} now
   */
  show(saved, now) {
    this.#panel.hidden = saved === undefined;
    if (saved === undefined) return;
    const { save, savedAt, sizes, saves, fence, isUnsaved, gated, restored } = saved;
    this.#fact('Level', save === 'turn' ? 'saved after each turn' : `saved ${formatMs(save)} after a change`);
    const ago = savedAt !== undefined && `${formatDuration(now - savedAt)} ago, ${formatCount(saves)} in all`;
    this.#fact('Last save', ago || 'none yet');
    this.#fact('Changes', isUnsaved ? 'some are not saved yet' : 'all are saved');
    this.#fact('Size', sizes === undefined ? '–' : sizesOf(sizes));
    const waits = gated && `${bytes(gated.bytes)} for ${formatMs(gated.forMs)}`;
    this.#fact('At the gate', waits ?? (save === 'turn' ? 'nothing waits' : 'no gate'), gated ? 'trouble' : undefined);
    this.#fact('Restored', restored === undefined ? 'no, it is new' : restoredFrom(restored, now));
    this.#fact('Fence', String(fence));
  }

  /**
   * @param {string} name
   * @param {string} text
   * @param {string} [level]
   */
  #fact(name, text, level = 'some') {
    let value = this.#values.get(name);
    if (value === undefined) {
      value = element('dd');
      this.#values.set(name, value);
      this.#list.append(element('div', '', element('dt', '', name), value));
    }
    setText(value, text);
    setAttribute(value, 'data-level', level);
  }
}

/** @param {NonNullable<SavedDetail['sizes']>} sizes */
function sizesOf(sizes) {
  const total = PARTS.reduce((sum, [name]) => sum + sizes[name], 0);
  const parts = PARTS.filter(([name]) => sizes[name] > 0).map(([name, words]) => `${words} ${bytes(sizes[name])}`);
  return `${bytes(total)}: ${parts.join(', ')}`;
}

/**
 * @param {NonNullable<SavedDetail['restored']>} restored
 * @param {number} now
 */
function restoredFrom({ reason, version, savedAt }, now) {
  return `${ENDS[reason] ?? reason}, as it was ${formatDuration(now - savedAt)} ago, version ${version}`;
}

/**
 * A size with a no-break space, so that the unit stays on the line of its number.
 *
 * @param {number} value
 */
function bytes(value) {
  return formatBytes(value).replace(' ', '\u00a0');
}

/** @param {number} ms */
function formatMs(ms) {
  return ms < 1_000 || (ms < 60_000 && ms % 1_000 !== 0) ? `${formatCount(ms)} ms` : formatDuration(ms);
}
