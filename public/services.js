/**
 * The demo's room services. `controls` are the parts of a pane that only some services need: `bytes`, `counter`,
 * `ledger`, `pad`, `token`.
 */
const SERVICES = new Map(
  Object.entries({
    chat: { path: '', about: 'Everyone hears what is said. Send “/nick bob” to change your name.', hint: 'hello' },
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
    },
  }),
);

export const SERVICE_NAMES = [...SERVICES.keys()];

/** An unknown name may be that of your own service. */
export function serviceNamed(name) {
  return (
    SERVICES.get(name) ?? {
      path: `${name}/`,
      about: `The service at /ws/${name}/:room.`,
      hint: 'hello',
      controls: ['bytes'],
    }
  );
}

export function roomPath(service, room) {
  return `/ws/${serviceNamed(service).path}${encodeURIComponent(room)}`;
}
