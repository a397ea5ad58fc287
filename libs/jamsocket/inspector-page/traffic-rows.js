// @ts-check
/** @import { Logged } from './traffic-log.js' */
/** @import { Row } from './virtual-list.js' */
import { element, setAttribute, setText } from './dom.js';
import { formatAddress, formatBytes, formatTime } from './format.js';
import { visibleName, visibleText } from './visible.js';

/** @type {Readonly<Record<Logged['dir'], { mark: string, name: string, text?: string }>>} */
const DIRECTIONS = {
  in: { mark: '←', name: 'from a client' },
  out: { mark: '→', name: 'to clients' },
  join: { mark: '+', name: 'joined', text: 'joined' },
  leave: { mark: '−', name: 'left', text: 'left' },
  lost: { mark: '?', name: 'connection lost', text: 'connection lost' },
  back: { mark: '+', name: 'back', text: 'is back' },
  'turn-error': { mark: '!', name: 'a turn failed', text: 'a turn failed' },
  gap: { mark: '…', name: 'not shown' },
};

/** @returns {Row<Logged>} */
export function createTrafficRow() {
  const cell = (/** @type {string} */ name) => {
    const made = element('div', name);
    made.setAttribute('role', 'gridcell');
    return made;
  };
  const cells = {
    time: cell('time'),
    mark: cell('mark'),
    who: cell('who'),
    kind: cell('kind'),
    preview: cell('preview'),
    bytes: cell('number bytes'),
  };
  const row = element('div', '', ...Object.values(cells));
  row.setAttribute('role', 'row');
  return {
    element: row,
    update: (logged) => {
      const { mark, name, text } = DIRECTIONS[logged.dir];
      setAttribute(row, 'data-dir', logged.dir);
      setAttribute(row, 'data-key', logged.key);
      setText(cells.time, formatTime(logged.at));
      setText(cells.mark, mark);
      setAttribute(cells.mark, 'title', name);
      setText(cells.who, whoIs(logged));
      setAttribute(cells.who, 'title', whoIs(logged));
      setText(cells.kind, visibleName(logged.event ?? '') || (logged.kind === 'binary' ? 'binary' : ''));
      setText(cells.preview, visibleText(logged.error ?? (shownOf(logged) || (text ?? ''))));
      setText(cells.bytes, logged.bytes > 0 ? formatBytes(logged.bytes) : '');
    },
  };
}

/**
 * The details of an entry.
 *
 * @param {Logged} logged
 */
export function createTrafficDetail(logged) {
  const facts = element('dl', 'facts');
  const add = (/** @type {string} */ name, /** @type {string | undefined} */ value) => {
    if (value !== undefined) facts.append(element('div', '', element('dt', '', name), element('dd', '', value)));
  };
  add('Room', logged.room && visibleName(logged.room));
  add('What', DIRECTIONS[logged.dir].name);
  add('Client', logged.client);
  add('To', logged.to);
  add('Event', logged.event && visibleName(logged.event));
  add('Handler', logged.handler);
  add('Size', logged.bytes > 0 ? formatBytes(logged.bytes) : undefined);
  const detail = element('div', 'message', facts);
  if (logged.error !== undefined) detail.append(element('pre', 'bad', visibleText(logged.error)));
  if (logged.preview) detail.append(element('pre', '', visibleText(indented(logged.preview))));
  return detail;
}

/**
 * The content of the message; for an event only its data, since its name has its own column.
 *
 * @param {Logged} logged
 */
function shownOf({ dir, event, preview }) {
  if (dir === 'join' || dir === 'back') return formatAddress(preview);
  const wrapper = `{"event":${JSON.stringify(event ?? '')},"data":`;
  return preview.startsWith(wrapper) ? preview.slice(wrapper.length).replace(/}$/, '') : preview;
}

/**
 * The other side of a message, from the server's view: `← 3`, `→ everyone`; before it the room, if there are several.
 *
 * @param {Logged} logged
 */
function whoIs({ dir, to, client, room }) {
  const who = String((dir === 'out' ? to : client) ?? '');
  return room === undefined ? who : `${visibleName(room)} · ${who}`;
}

/** @param {string} preview may be JSON; may be cut */
function indented(preview) {
  try {
    return JSON.stringify(JSON.parse(preview), null, 2);
  } catch {
    return preview;
  }
}
