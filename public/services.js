/**
 * The demo's room services. `controls` are the parts of a pane that only some services need: `board`, `bytes`, `counter`,
 * `ledger`, `pad`, `token`. `files` are the sources of the service, in src/rooms. `isHeardBySender`: what a client sends
 * comes back to it, too.
 */
const SERVICES = new Map(
  Object.entries({
    board: {
      path: 'board/',
      about: 'Draw with mouse or finger. Each stroke is saved before anyone sees it.',
      controls: ['board'],
      files: ['board.room.ts', 'board.contract.ts'],
    },
    chat: {
      path: '',
      about: 'Everyone hears what is said. Send “/nick bob” to change your name.',
      hint: 'hello',
      isHeardBySender: true,
    },
    counter: {
      path: 'counter/',
      about: 'One number, shared by the room. It is saved a second after a change.',
      hint: 'increment',
      controls: ['counter'],
    },
    ledger: {
      path: 'ledger/',
      about: 'Each entry is saved before anyone hears of it. The running total comes with the next entry.',
      hint: 'add tea 3',
      controls: ['ledger'],
    },
    relay: {
      path: 'relay/',
      about: 'Passes text and bytes on to everyone, unchanged.',
      hint: 'anything',
      controls: ['bytes'],
      isHeardBySender: true,
    },
    echo: { path: 'echo/', about: 'Answers only the sender.', hint: 'anything', controls: ['bytes'] },
    clock: { path: 'clock/', about: 'A timer of the room speaks every second.', hint: 'it does not listen' },
    cursors: {
      path: 'cursors/',
      about: 'JSON events with a schema. Everyone but the sender hears of a move.',
      hint: '{"event":"move","data":{"x":0.5,"y":0.5}}',
      controls: ['pad'],
    },
    members: {
      path: 'members/',
      about: 'A guard asks for a token before there is a WebSocket. Try it without one.',
      hint: 'hello',
      controls: ['token'],
      files: ['members.room.ts', 'members.guard.ts'],
      isHeardBySender: true,
    },
  }),
);

export const SERVICE_NAMES = [...SERVICES.keys()];

/** An unknown name may be that of your own service, which has no file here. */
export function serviceNamed(name) {
  const known = SERVICES.get(name);
  if (known) return { controls: [], hint: '', files: [`${name}.room.ts`], ...known };
  return {
    path: `${name}/`,
    about: `The service at /ws/${name}/:room.`,
    hint: 'hello',
    controls: ['bytes'],
    files: [],
  };
}

export function roomPath(service, room) {
  return `/ws/${serviceNamed(service).path}${encodeURIComponent(room)}`;
}
