import { KillButton } from './kill-button.js';
import { Pane } from './pane.js';
import { roomPath, SERVICE_NAMES, serviceNamed } from './services.js';
import { SourceView } from './source-view.js';
import { Whereabouts } from './whereabouts.js';

const DEFAULT_ROOM = 'lobby';

const byId = (id) => document.getElementById(id);
const chosenService = () => document.querySelector('[name=service]:checked').value;

const whereabouts = new Whereabouts(byId('whereabouts'));
const source = new SourceView(byId('source'));
const kill = new KillButton(byId('kill'));
const panes = [new Pane(0), new Pane(1)];
panes[1].token = 'bob-token';
byId('panes').replaceChildren(...panes.map(({ root }) => root));

SERVICE_NAMES.forEach(addChoice);
byId('address').onsubmit = openRoom;
byId('fresh').onclick = openNewRoom;
onhashchange = show;
show();

function addChoice(name) {
  const label = document.createElement('label');
  const radio = Object.assign(document.createElement('input'), { type: 'radio', name: 'service', value: name });
  radio.onchange = () => go(name, byId('room').value);
  label.append(radio, Object.assign(document.createElement('span'), { textContent: name }));
  byId('services').append(label);
}

function openRoom(event) {
  event.preventDefault();
  const before = location.hash;
  go(chosenService(), byId('room').value);
  // The address does not change for the same room, so join it again here.
  if (location.hash === before) show();
}

async function openNewRoom() {
  const service = chosenService();
  try {
    const response = await fetch(service === 'chat' ? '/new_room' : `/new_room/${service}`, { method: 'POST' });
    if (!response.ok) return complain(`No new room: the server answered ${response.status}.`);
    go(service, await response.text());
  } catch {
    complain('No new room: the server cannot be reached.');
  }
}

/** The address names service and room, so that the page can be shared and reloaded. */
function go(service, room) {
  location.hash = `${service}/${encodeURIComponent(room || DEFAULT_ROOM)}`;
}

function show() {
  const { service, room } = addressed();
  if (!document.querySelector(`[name=service][value="${service}"]`)) addChoice(service);
  document.querySelector(`[name=service][value="${service}"]`).checked = true;
  const url = new URL(roomPath(service, room), location.href);
  byId('room').value = room;
  byId('about').textContent = serviceNamed(service).about;
  byId('url').textContent = url.href.replace(/^http/, 'ws');
  const { files } = serviceNamed(service);
  void source.show(files);
  byId('source-link').href = `source/${files[0] ?? 'board.room.ts'}`;
  document.body.dataset.service = service;
  complain('');
  whereabouts.show(service, room);
  kill.show(service, room);
  for (const pane of panes) pane.open(service, room);
}

/** Service and room of the address, from the part after `#`: `chat/lobby`. */
function addressed() {
  const [, service = 'board', encoded] = /^#([\w\-.~]+)\/(.*)$/.exec(location.hash) ?? [];
  try {
    return { service, room: decodeURIComponent(encoded || DEFAULT_ROOM) };
  } catch {
    // The address has an invalid percent-encoding.
    return { service, room: DEFAULT_ROOM };
  }
}

function complain(text) {
  byId('problem').textContent = text;
  byId('problem').hidden = text === '';
}
