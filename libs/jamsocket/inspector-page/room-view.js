// @ts-check
/** @import { Actions } from './actions.js' */
/** @import { ClusterDetail, Elsewhere, NodeDetail, RoomDetail, RoomRow, ServiceTotals, TimerDetail, Traffic } from '../src/inspector/inspector-events.js' */
/** @import { TrafficFilter } from './traffic-log.js' */
import { ClientsList } from './clients-list.js';
import { byId, element, setAttribute, setText } from './dom.js';
import { formatBytes, formatCount, formatDuration, formatRate } from './format.js';
import { JsonTree } from './json-tree.js';
import { linkTo } from './nodes-list.js';
import { PeoplePanel } from './people-panel.js';
import { RoomOrders } from './room-orders.js';
import { SavedPanel } from './saved-panel.js';
import { TestClient } from './test-client.js';
import { TrafficView } from './traffic-view.js';
import { partsOf } from './view-address.js';
import { visibleName } from './visible.js';

/** One room: its clients, what waits, its state and its traffic. Or all rooms of a service: their traffic only. */
export class RoomView {
  #key = '';
  /** @type {RoomDetail | null} */
  #detail = null;
  #state = new JsonTree(byId('state', HTMLElement));
  #saved = new SavedPanel();
  #people = new PeoplePanel();
  /** @type {readonly NodeDetail[]} */
  #targets = [];
  #testClient = new TestClient();

  /**
   * @param {Actions} actions
   * @param {(filter: Partial<TrafficFilter>) => void} onFilter
   */
  constructor(actions, onFilter) {
    this.orders = new RoomOrders(actions);
    this.traffic = new TrafficView(onFilter);
    this.clients = new ClientsList({
      onKick: (client) => void this.orders.kick(this.#key, client),
      onFilter: ({ id }) => onFilter({ client: String(id) }),
    });
    byId('close-room', HTMLButtonElement).addEventListener(
      'click',
      () => void this.orders.close(this.#key, this.#detail?.clientCount ?? 0),
    );
    byId('move-room', HTMLButtonElement).addEventListener(
      'click',
      () => void this.orders.move(this.#key, this.#targets),
    );
  }

  /** @param {ClusterDetail | undefined} cluster */
  showCluster(cluster) {
    this.#targets = (cluster?.nodes ?? []).filter(({ isThis, isSilent }) => !isThis && !isSilent);
    byId('move-room', HTMLButtonElement).hidden = this.#targets.length === 0;
  }

  /** @param {string} key of a room, or an empty one to leave */
  open(key) {
    if (key === this.#key) return;
    this.#key = key;
    this.#detail = null;
    this.#state.clear();
    this.traffic.reset();
    this.clients.show([], 0, 0);
    this.#showTimers([]);
    this.#saved.show(undefined, 0);
    this.#people.show(undefined);
    this.#testClient.aim('', '');
    if (key === '') return;
    const { service, room } = partsOf(key);
    setText(byId('room-service', HTMLElement), service);
    setText(byId('room-name', HTMLElement), visibleName(room) || 'all rooms');
    setAttribute(byId('room-view', HTMLElement), 'data-all', String(room === ''));
    this.#showPresence(true, false, undefined);
    byId('room-title', HTMLElement).focus({ preventScroll: true });
  }

  /**
   * Shows the numbers of the room's row.
   *
   * @param {RoomRow | undefined} row
   * @param {readonly ServiceTotals[]} services
   * @param {number} now
   */
  showRow(row, services, now) {
    const { service, room } = partsOf(this.#key);
    if (room === '') return;
    this.#testClient.aim(services.find(({ name }) => name === service)?.path ?? '', room);
    const facts = {
      'room-in': formatRate(row?.in ?? 0),
      'room-out': formatRate(row?.out ?? 0),
      'room-clients': formatCount(row?.clients ?? 0),
      'room-mailbox': formatCount(row?.mailbox ?? 0),
      'room-buffered': formatBytes(row?.buffered ?? 0),
      'room-age': row ? formatDuration(now - row.startedAt) : '–',
    };
    for (const [id, text] of Object.entries(facts)) setText(byId(id, HTMLElement), text);
    setAttribute(byId('room-mailbox', HTMLElement), 'data-level', row?.mailbox ? 'trouble' : 'none');
    setAttribute(byId('room-buffered', HTMLElement), 'data-level', row?.buffered ? 'trouble' : 'none');
  }

  /**
   * @param {RoomDetail} detail
   * @param {boolean} isStateShown
   * @param {number} now
   */
  showDetail(detail, isStateShown, now) {
    if (detail.key !== this.#key) return;
    const wasThere = this.#detail !== null;
    this.#showPresence(!detail.isGone, wasThere, detail.elsewhere);
    if (detail.isGone) return;
    this.#detail = detail;
    this.clients.show(detail.clients, detail.clientCount, now);
    this.#showTimers(detail.timers);
    this.#saved.show(detail.saved, now);
    this.#people.show(detail.people);
    this.#showState(detail, isStateShown);
  }

  /** @param {Traffic} traffic */
  addTraffic(traffic) {
    this.traffic.add(traffic);
  }

  /**
   * @param {boolean} isThere
   * @param {boolean} wasThere
   * @param {Elsewhere | undefined} elsewhere
   */
  #showPresence(isThere, wasThere, elsewhere) {
    byId('room-gone', HTMLElement).hidden = isThere;
    byId('close-room', HTMLButtonElement).disabled = !isThere;
    byId('move-room', HTMLButtonElement).disabled = !isThere;
    setAttribute(byId('room-view', HTMLElement), 'data-gone', String(!isThere));
    setAttribute(byId('room-view', HTMLElement), 'data-elsewhere', String(elsewhere !== undefined));
    if (isThere) return;
    this.#showElsewhere(elsewhere);
    if (elsewhere !== undefined) return;
    const text = wasThere ? 'This room is gone. Below is what was last seen of it.' : 'There is no such room now.';
    setText(byId('room-gone-text', HTMLElement), `${text} It appears here when somebody connects to it.`);
  }

  /** @param {Elsewhere | undefined} elsewhere */
  #showElsewhere(elsewhere) {
    const place = byId('room-elsewhere', HTMLElement);
    const url = elsewhere?.url;
    if (elsewhere === undefined) return place.replaceChildren();
    const text = `This room is in another process, ${visibleName(elsewhere.node)}.`;
    setText(byId('room-gone-text', HTMLElement), text);
    if (url === undefined) place.replaceChildren('The page of that process shows it.');
    else place.replaceChildren(linkTo(`${url}#/room/${this.#key}`, 'Open it there'));
  }

  /** @param {readonly TimerDetail[]} timers */
  #showTimers(timers) {
    byId('timers-empty', HTMLElement).hidden = timers.length > 0;
    const items = timers.map(({ name, kind, dueInMs }) => {
      const due = dueInMs === undefined ? '' : `in ${formatDuration(dueInMs)}`;
      return element(
        'li',
        '',
        element('span', 'name', visibleName(name) || '(unnamed)'),
        element('span', 'soft', kind),
        element('span', 'number', due),
      );
    });
    byId('timers', HTMLElement).replaceChildren(...items);
  }

  /**
   * @param {RoomDetail} detail
   * @param {boolean} isStateShown
   */
  #showState({ state, stateError }, isStateShown) {
    byId('state-off', HTMLElement).hidden = isStateShown;
    const error = byId('state-error', HTMLElement);
    error.hidden = stateError === undefined;
    setText(error, stateError ?? '');
    const isEmpty = typeof state === 'object' && state !== null && Object.keys(state).length === 0;
    const isTree = isStateShown && stateError === undefined && !isEmpty;
    byId('state', HTMLElement).hidden = !isTree;
    byId('state-empty', HTMLElement).hidden = !isStateShown || stateError !== undefined || !isEmpty;
    if (isTree) this.#state.update(state);
    else this.#state.clear();
  }
}
