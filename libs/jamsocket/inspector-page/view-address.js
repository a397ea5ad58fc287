// @ts-check

/**
 * What the page shows, as stored in its address.
 *
 * @typedef {object} View
 * @property {string | null} room key of the room that is open; `<service>/` for the traffic of all rooms of a service
 * @property {string} filter of the rooms
 * @property {string} service whose rooms are shown; empty for all
 * @property {string} sort id of a column
 * @property {boolean} isDescending
 * @property {string} text filter of the traffic
 * @property {string} direction of the traffic; empty for all
 * @property {string} client whose traffic is shown; empty for all
 */

/** @type {Readonly<View>} */
export const DEFAULT_VIEW = {
  room: null,
  filter: '',
  service: '',
  sort: 'clients',
  isDescending: true,
  text: '',
  direction: '',
  client: '',
};

/** @type {readonly (keyof View & ('filter' | 'service' | 'sort' | 'text' | 'direction' | 'client'))[]} */
const WORDS = ['filter', 'service', 'sort', 'text', 'direction', 'client'];

/**
 * @param {string} service
 * @param {string} room
 */
export function keyOf(service, room) {
  return `${encodeURIComponent(service)}/${encodeURIComponent(room)}`;
}

/**
 * Service and id of a key.
 *
 * @param {string} key
 * @returns {{ service: string, room: string }}
 */
export function partsOf(key) {
  const [service = '', room = ''] = key.split('/').map(decoded);
  return { service, room };
}

/**
 * @param {string} hash of the address: `#/room/chat/lobby?text=hello`
 * @returns {View}
 */
export function parseView(hash) {
  const [path = '', query = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
  const [place, service, room, ...rest] = path.split('/');
  const isRoom = place === 'room' && service && room !== undefined && rest.length === 0;
  const words = new URLSearchParams(query);
  const view = { ...DEFAULT_VIEW, room: isRoom ? keyOf(decoded(service), decoded(room)) : null };
  for (const word of WORDS) view[word] = words.get(word) ?? DEFAULT_VIEW[word];
  view.isDescending = words.has('order') ? words.get('order') === 'down' : DEFAULT_VIEW.isDescending;
  return view;
}

/**
 * @param {View} view
 * @returns {string} what {@link parseView} reads; defaults are left out
 */
export function formatView(view) {
  const words = new URLSearchParams();
  for (const word of WORDS) if (view[word] !== DEFAULT_VIEW[word]) words.set(word, view[word]);
  if (view.isDescending !== DEFAULT_VIEW.isDescending) words.set('order', view.isDescending ? 'down' : 'up');
  const query = words.toString();
  return `#/${view.room === null ? '' : `room/${view.room}`}${query && `?${query}`}`;
}

/**
 * @param {string} text
 * @param {string} mark
 */
function splitOnce(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** @param {string} part of an address, which may have an invalid encoding */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
