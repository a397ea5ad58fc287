// @ts-check
/** @import { ClientDetail } from '../src/inspector/inspector-events.js' */
/** @import { Row } from './virtual-list.js' */
import { button, byId, element, setAttribute, setText } from './dom.js';
import { formatAddress, formatBytes, formatCount, formatDuration } from './format.js';
import { JsonTree } from './json-tree.js';
import { listenToKeys } from './list-keys.js';
import { VirtualList } from './virtual-list.js';
import { visibleName } from './visible.js';

/**
 * @typedef {object} ClientsListener
 * @property {(client: ClientDetail) => void} onKick
 * @property {(client: ClientDetail) => void} onFilter show the traffic of this client only
 */

/** The clients of one room. */
export class ClientsList {
  #now = 0;

  /** @param {ClientsListener} listener */
  constructor(listener) {
    this.listener = listener;
    /** @type {VirtualList<ClientDetail>} */
    this.list = new VirtualList(byId('clients', HTMLElement), byId('clients-rows', HTMLElement), {
      keyOf: ({ id }) => String(id),
      createRow: () => this.#createRow(),
      createDetail: createClientDetail,
    });
    listenToKeys(this.list, ({ id }) => this.list.toggle(String(id)));
  }

  /**
   * @param {readonly ClientDetail[]} clients
   * @param {number} count how many there are
   * @param {number} now
   */
  show(clients, count, now) {
    this.#now = now;
    this.list.show(clients);
    const isAll = clients.length >= count;
    setText(
      byId('clients-count', HTMLElement),
      isAll ? formatCount(count) : `first ${clients.length} of ${formatCount(count)}`,
    );
    byId('clients-empty', HTMLElement).hidden = clients.length > 0;
    byId('clients', HTMLElement).hidden = clients.length === 0;
  }

  /** @returns {Row<ClientDetail>} */
  #createRow() {
    /** @type {ClientDetail | null} */
    let client = null;
    const id = element('button', 'plain id');
    id.type = 'button';
    id.tabIndex = -1;
    id.title = 'Details';
    id.addEventListener('click', () => client && this.list.toggle(String(client.id)));
    const address = element('div', 'name');
    const tags = element('div', 'tags');
    const joined = element('div', 'number');
    const buffered = element('div', 'number');
    const filter = button('Traffic', 'plain small', () => client && this.listener.onFilter(client));
    const kick = button('Kick', 'plain small danger', () => client && this.listener.onKick(client));
    const cells = [element('div', '', id), address, tags, joined, buffered, element('div', 'acts', filter, kick)];
    for (const cell of cells) cell.setAttribute('role', 'gridcell');
    const row = element('div', '', ...cells);
    row.setAttribute('role', 'row');
    return {
      element: row,
      update: (shown) => {
        client = shown;
        setText(id, String(shown.id));
        setAttribute(row, 'data-away', String(!shown.isConnected));
        const from = formatAddress(shown.address);
        setText(address, shown.isConnected ? from : `${from} (away)`);
        setAttribute(address, 'title', visibleName(shown.url));
        setText(tags, shown.tags.map(visibleName).join(', '));
        setAttribute(tags, 'title', shown.tags.map(visibleName).join(', '));
        setText(joined, formatDuration(this.#now - shown.joinedAt));
        setText(buffered, formatBytes(shown.buffered));
        setAttribute(buffered, 'data-level', shown.buffered > 0 ? 'trouble' : 'none');
        setAttribute(kick, 'aria-label', `Kick client ${shown.id}`);
        setAttribute(filter, 'aria-label', `Traffic of client ${shown.id} only`);
      },
    };
  }
}

/** @param {ClientDetail} client */
function createClientDetail({ url, tags, data }) {
  const facts = element('dl', 'facts');
  const add = (/** @type {string} */ name, /** @type {string} */ value) =>
    facts.append(element('div', '', element('dt', '', name), element('dd', '', value)));
  add('Connected to', visibleName(url));
  if (tags.length > 0) add('Tags', tags.map(visibleName).join(', '));
  const detail = element('div', 'message', facts);
  if (data !== undefined) {
    const place = element('div');
    new JsonTree(place).update(data);
    detail.append(place);
  }
  return detail;
}
