import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultServer, type Figures } from './fault-server.js';
import { atLeast, atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { randomNumbers } from './random-numbers.js';
import { ACCEPTED, CLOSE_FRAME, END_OF_HEADERS, upgradeRequest } from './upgrade.js';

const CONNECTS = 20_000;
const AT_ONCE = 100;
const ROOMS = 200;
/** A client without an answer gives up then, and is missing in the count. */
const PATIENCE_MS = 10_000;
const SETTLING_MS = 2_000;
const GROWTH = 1.05;
/** The connection that requests the figures. */
const OWN_HANDLES = 1;

/** When and how a client leaves. */
interface Leave {
  readonly after: 'request' | 'answer' | 'welcome';
  readonly by: 'close' | 'destroy' | 'reset';
}

/** Used in rotation: half of the clients wait for the welcome, and half leave without a close frame. */
const LEAVES: readonly Leave[] = [
  { after: 'welcome', by: 'close' },
  { after: 'request', by: 'close' },
  { after: 'welcome', by: 'destroy' },
  { after: 'request', by: 'destroy' },
  { after: 'welcome', by: 'reset' },
  { after: 'request', by: 'reset' },
  { after: 'welcome', by: 'close' },
  { after: 'answer', by: 'close' },
];

/** What the clients saw. */
interface Seen {
  /** Answers other than 101. */
  refused: number;
  /** Clients that waited for the answer, but got no 101. */
  unanswered: number;
  /** Clients that waited for the welcome in vain. */
  unwelcome: number;
}

async function storm(server: FaultServer): Promise<Seen> {
  const seen: Seen = { refused: 0, unanswered: 0, unwelcome: 0 };
  const random = randomNumbers();
  let next = 0;
  const comeAndGo = async () => {
    while (next < CONNECTS) {
      const leave = LEAVES[next++ % LEAVES.length];
      count(seen, leave, await visit(server.port, `journal/${random() % ROOMS}`, leave));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, comeAndGo));
  return seen;
}

/** @returns everything the client has read */
function visit(port: number, path: string, leave: Leave): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    let hasLeft = false;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const leaveIf = (isTime: boolean) => {
      if (!isTime || hasLeft) return;
      hasLeft = true;
      go(socket, leave);
    };
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    // Resets are part of the storm.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      leaveIf(text.includes(leave.after === 'welcome' ? 'welcome' : END_OF_HEADERS));
    });
    socket.on('connect', () => {
      socket.write(upgradeRequest(path));
      leaveIf(leave.after === 'request');
    });
  });
}

/** After a close frame the server has to end the connection. */
function go(socket: Socket, { by }: Leave): void {
  if (by === 'close') socket.write(CLOSE_FRAME);
  else if (by === 'destroy') socket.destroy();
  else socket.resetAndDestroy();
}

function count(seen: Seen, leave: Leave, text: string): void {
  const isAccepted = text.startsWith(ACCEPTED);
  if (text !== '' && !isAccepted) seen.refused++;
  if (!isAccepted && (leave.after !== 'request' || leave.by === 'close')) seen.unanswered++;
  if (leave.after === 'welcome' && !text.includes('welcome')) seen.unwelcome++;
}

/** The figures when the server has noticed the last end, or when the time for that is up. */
async function settled(server: FaultServer): Promise<Figures> {
  const until = performance.now() + SETTLING_MS;
  for (;;) {
    const figures = await server.figures();
    const isQuiet = figures.rooms === 0 && figures.handles <= OWN_HANDLES && figures.connects === figures.disconnects;
    if (isQuiet || performance.now() > until) return figures;
    await sleep(50);
  }
}

function rowsOf(before: Figures, seen: Seen, after: Figures): Row[] {
  const of = (name: 'upgrades' | 'connects' | 'disconnects' | 'successors') => after[name] - before[name];
  return [
    exactly('upgrades refused', seen.refused, 0),
    exactly('clients that stayed for the 101 and got none', seen.unanswered, 0),
    exactly('clients that waited to be welcome in vain', seen.unwelcome, 0),
    exactly('connects, for the upgrades answered with 101', of('connects'), of('upgrades')),
    exactly('disconnects, for the connects', of('disconnects'), of('connects')),
    exactly('connects or disconnects twice', after.twice, 0),
    // Without one there was no race.
    atLeast('rooms that a join made as soon as the one before had stopped', of('successors'), 1),
    exactly('rooms left', after.rooms, 0),
    exactly('timers left', after.timers, 0),
    exactly("TCP handles left, with the figures' own", after.handles, OWN_HANDLES),
    atMost('heap after', after.heapBytes / MIB, (before.heapBytes * GROWTH) / MIB, 'MiB'),
  ];
}

export const connectStorm: Fault = {
  name: 'storm',
  title: '20,000 connects in and out of 200 rooms',
  async run() {
    const server = await FaultServer.start({ shutdown: 'immediate' });
    try {
      await storm(server);
      const before = await settled(server);
      const seen = await storm(server);
      return rowsOf(before, seen, await settled(server));
    } finally {
      await server.stop();
    }
  },
};
