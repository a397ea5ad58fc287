// @ts-check
/** @import { ClusterDetail, NodeDetail } from '../src/inspector/inspector-events.js' */
import { byId, element, setText } from './dom.js';
import { formatCount } from './format.js';
import { visibleName } from './visible.js';

/** The processes of the cluster, with links to their own pages. Hidden without a cluster. */
export class NodesList {
  #list = byId('nodes', HTMLElement);
  #outage = byId('cluster-outage', HTMLElement);
  #shown = '';

  /** @param {ClusterDetail | undefined} cluster */
  show(cluster) {
    this.#list.hidden = cluster === undefined;
    const outage = cluster?.outage;
    this.#outage.hidden = outage === undefined;
    setText(this.#outage, outage === undefined ? '' : `The other processes are not known now. ${visibleName(outage)}`);
    // Making the links anew takes the focus from them.
    const shown = JSON.stringify(cluster?.nodes ?? []);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#list.replaceChildren(...(cluster?.nodes ?? []).map(itemOf));
  }
}

/** @param {NodeDetail} node */
function itemOf({ name, isThis, isSilent, rooms, url }) {
  const label = visibleName(name);
  const shownName = url === undefined ? element('strong', '', label) : linkTo(url, label);
  const count = rooms === null ? 'rooms unknown' : rooms === 1 ? '1 room' : `${formatCount(rooms)} rooms`;
  const item = element('li', 'node', shownName, element('span', 'soft', isThis ? `${count}, this process` : count));
  if (isSilent) item.append(element('span', 'bad', 'does not answer'));
  return item;
}

/**
 * A link to the page of another process.
 *
 * @param {string} url
 * @param {string} text
 */
export function linkTo(url, text) {
  const link = element('a', '', text);
  link.href = url;
  link.rel = 'noreferrer';
  return link;
}
