// @ts-check
/** @import { Overview } from '../src/inspector/inspector-events.js' */
/** @import { View } from './view-address.js' */
import { actionsOf } from './actions.js';
import { prepareToAsk } from './ask.js';
import { byId, setText } from './dom.js';
import { Feed } from './feed.js';
import { NodesList } from './nodes-list.js';
import { RoomView } from './room-view.js';
import { RoomsStore } from './rooms-store.js';
import { RoomsTable } from './rooms-table.js';
import { ServicesBar } from './services-bar.js';
import { listenToShortcuts } from './shortcuts.js';
import { countParameters, socketUrl } from './test-client.js';
import { formatView, keyOf, parseView, partsOf } from './view-address.js';
import { Vitals } from './vitals.js';
import { visibleName } from './visible.js';

const base = document.querySelector('meta[name="jamsocket-inspector"]')?.getAttribute('content') ?? '';

/** The room that the page suggests while there is none. */
const FIRST_ROOM = 'lobby';

/** @type {View} */
let view = parseView(location.hash);
/** @type {Overview | null} */
let overview = null;
let frame = 0;

const store = new RoomsStore();
const vitals = new Vitals();
const nodes = new NodesList();
const services = new ServicesBar((service) => select({ service }));
const table = new RoomsTable(select, open);
const room = new RoomView(actionsOf(base), select);
const feed = new Feed(base, {
  onState: (state) => vitals.showState(state),
  onOverview: (newest) => {
    overview = newest;
    vitals.show(newest);
    nodes.show(newest.cluster);
    room.showCluster(newest.cluster);
  },
  onRooms: (change) => {
    store.apply(change);
    vitals.showRates(sumOf(store.rates()), !change.isFull);
    refresh();
  },
  onRoom: (detail) => room.showDetail(detail, overview?.isStateShown ?? false, overview?.at ?? Date.now()),
  onTraffic: (traffic) => room.addTraffic(traffic),
});

/** Draws once before the next frame, however many events arrive, and never while the page is hidden. */
function refresh() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    if (!overview) return;
    services.show(overview.services, store.rates(), view.service);
    table.show(store, view, overview.at);
    showEmpty(overview);
    showServiceTraffic(overview);
    if (view.room !== null) room.showRow(store.get(view.room), overview.services, overview.at);
  });
}

/** @param {Overview} newest */
function showEmpty({ services }) {
  const chosen = services.find(({ name }) => name === view.service);
  const first = chosen ?? services[0];
  const isEmpty = store.size === 0 || chosen?.rooms === 0;
  setText(byId('no-room-title', HTMLElement), chosen ? `No rooms of ${chosen.name} yet` : 'No rooms yet');
  byId('rooms-empty', HTMLElement).hidden = !isEmpty;
  byId('rooms', HTMLElement).hidden = isEmpty;
  byId('no-service', HTMLElement).hidden = !isEmpty || first !== undefined;
  byId('no-room', HTMLElement).hidden = !isEmpty || first === undefined;
  if (first === undefined) return;
  const id = Array.from({ length: countParameters(first.path) }, () => FIRST_ROOM).join('/');
  setText(byId('example', HTMLElement), `new WebSocket('${socketUrl(first.path, id, '')}')`);
  byId('try', HTMLAnchorElement).href = formatView({ ...view, room: keyOf(first.name, id) });
}

/** @param {Overview} newest */
function showServiceTraffic({ services }) {
  const service = services.length === 1 ? services[0].name : view.service;
  const open = byId('service-traffic', HTMLButtonElement);
  open.hidden = service === '';
  open.dataset.service = service;
  setText(open, `Traffic of all ${service} rooms`);
}

/** @param {Partial<View>} change of filters and order, which the Back button does not undo */
function select(change) {
  view = { ...view, ...change };
  history.replaceState(null, '', formatView(view));
  room.traffic.filter(view);
  refresh();
}

/** @param {string | null} key of the room to open, or `null` for the list */
function open(key) {
  view = { ...view, room: key, text: '', direction: '', client: '' };
  history.pushState(null, '', formatView(view));
  show();
}

function show() {
  byId('rooms-view', HTMLElement).hidden = view.room !== null;
  byId('room-view', HTMLElement).hidden = view.room === null;
  document.title = `${view.room === null ? 'Rooms' : visibleName(partsOf(view.room).room || partsOf(view.room).service)} · Inspector`;
  room.open(view.room ?? '');
  room.traffic.filter(view);
  feed.watch(view.room);
  refresh();
}

function goBack() {
  if (view.room === null) return false;
  table.list.activate(view.room);
  open(null);
  table.list.grid.focus();
  return true;
}

function togglePause() {
  if (view.room === null) return false;
  room.traffic.togglePause();
  return true;
}

function focusFilter() {
  if (view.room === null) byId('filter', HTMLInputElement).select();
  else room.traffic.focusFilter();
  return true;
}

/** @param {ReturnType<RoomsStore['rates']>} rates */
function sumOf(rates) {
  const sum = { in: 0, out: 0 };
  for (const rate of rates.values()) {
    sum.in += rate.in;
    sum.out += rate.out;
  }
  return sum;
}

prepareToAsk();
listenToShortcuts({ focusFilter, goBack, togglePause });
byId('back', HTMLButtonElement).addEventListener('click', goBack);
byId('service-traffic', HTMLButtonElement).addEventListener('click', ({ currentTarget }) => {
  if (currentTarget instanceof HTMLElement) open(keyOf(currentTarget.dataset.service ?? '', ''));
});
window.addEventListener('popstate', () => {
  view = parseView(location.hash);
  show();
});
show();
