import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { FaultServer, heldBytes, type Figures } from './fault-server.js';
import { p99Of, p99Row, type Pair } from './latency.js';
import { RelayCrowd } from './relay-crowd.js';

const OTHERS = 999;
const MAX_BUFFERED_BYTES = 4 * MIB;
const PAIRS = 3;
const PATH = 'relay/crowd';
/** The rest of the 4 MiB fills in 12 s. */
const WINDOW_MS = 15_000;
const SETTLE_MS = 500;
const GONE_MS = 10_000;
const FILL = Buffer.alloc(128 * 1024);
const MAX_RATIO = 1.25;

export const stuckReader: Fault = {
  name: 'stuck-reader',
  title: 'One of 1,000 clients of a room does not read',

  async run(): Promise<Row[]> {
    // The byte-counting clients answer no pings, and the stuck one cannot.
    const server = await FaultServer.start({ heartbeat: false, limits: { maxBufferedBytes: MAX_BUFFERED_BYTES } });
    try {
      const crowd = await RelayCrowd.join(server, PATH, OTHERS);
      await crowd.talk(WINDOW_MS / 3);
      const rows = await rowsOf(server, crowd);
      crowd.leave();
      return rows;
    } finally {
      await server.stop();
    }
  },
};

interface StuckWindow {
  readonly p99Ms: number;
  /** Clients in the room at the end, while the stuck one is still stuck. */
  readonly clients: number;
  readonly closeCode: number;
}

async function rowsOf(server: FaultServer, crowd: RelayCrowd): Promise<Row[]> {
  const pairs: Pair[] = [];
  const stuck: StuckWindow[] = [];
  let before: Figures | undefined;
  for (let pair = 0; pair < PAIRS; pair++) {
    const withoutMs = await healthyWindow(server, crowd);
    before ??= await server.figures();
    const window = await stuckWindow(server, crowd);
    stuck.push(window);
    pairs.push({ withoutMs, withMs: window.p99Ms });
  }
  const after = await server.figures();
  const held = heldBytes(before!);
  const left = [...new Set(stuck.map(({ clients }) => clients))].join(' / ');
  const codes = [...new Set(stuck.map(({ closeCode }) => closeCode))].join(' / ');
  return [
    atMost('most that waited for one client', after.mostBufferedBytes, MAX_BUFFERED_BYTES + MIB, 'bytes'),
    exactly('close code the stuck one sees when it reads again', codes, '1013'),
    exactly('clients of the room while it is still stuck', left, String(OTHERS)),
    exactly(`messages that the other ${OTHERS} lost, of ${crowd.sent * OTHERS}`, crowd.missing(), 0),
    exactly(`messages out of order at ${crowd.witnesses} witnesses`, crowd.misplaced(), 0),
    p99Row('p99 of the others', pairs, MAX_RATIO),
    atMost('heap and external after it is gone', heldBytes(after), Math.floor(held * 1.05) + MIB, 'bytes'),
  ];
}

/** @returns p99 in milliseconds */
async function healthyWindow(server: FaultServer, crowd: RelayCrowd): Promise<number> {
  const guest = await join(server);
  await sleep(SETTLE_MS);
  const p99Ms = p99Of(await crowd.talk(WINDOW_MS));
  guest.close();
  await once(guest, 'close');
  await guestGone(server);
  return p99Ms;
}

async function stuckWindow(server: FaultServer, crowd: RelayCrowd): Promise<StuckWindow> {
  const guest = await join(server);
  guest.pause();
  await fillKernelBuffers(server, guest);
  await sleep(SETTLE_MS);
  const p99Ms = p99Of(await crowd.talk(WINDOW_MS));
  const { clients } = await server.figures();
  const closed = once(guest, 'close');
  guest.resume();
  const [closeCode] = (await closed) as [number];
  await guestGone(server);
  return { p99Ms, clients, closeCode };
}

async function join(server: FaultServer): Promise<WebSocket> {
  const guest = new WebSocket(server.url(PATH), { perMessageDeflate: false });
  await once(guest, 'open');
  return guest;
}

/** Fills the operating system's buffers for a client that does not read: they have megabytes, and are not the server's. */
async function fillKernelBuffers(server: FaultServer, guest: WebSocket): Promise<void> {
  while ((await server.figures()).bufferedBytes === 0) {
    guest.send(FILL);
    await sleep(10);
  }
}

async function guestGone(server: FaultServer): Promise<void> {
  const deadline = performance.now() + GONE_MS;
  while (performance.now() < deadline) {
    const { clients, handles } = await server.figures();
    // The sockets of the others, and one that requests the figures.
    if (clients === OTHERS && handles <= OTHERS + 1) return;
    await sleep(100);
  }
  throw new Error('The connection of the stuck client is still there.');
}
