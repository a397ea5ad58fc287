import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { settled, tallyOf } from './crowd.js';
import { FaultServer, type Figures } from './fault-server.js';
import { atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { clientFrame, clientHeader, FIN, RawSocket, TEXT } from './raw-socket.js';

const CLIENTS = 50;
const GROWTH_MIB = 16;
const TIMEOUT_MS = 20_000;
const SAMPLE_MS = 100;
const RSV1 = 0x40;
const CONTINUATION = 0x0;
const PING = 0x9;
const PONG = 0xa;
const MAX_FRAGMENTS = 64;
const MAX_PAYLOAD = MIB;
const PINGS_MS = 5_000;

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits';
const FIRST = clientFrame(TEXT, Buffer.from('x'));
const FRAGMENT = clientFrame(CONTINUATION, Buffer.from('x'));
const PADDING = Buffer.alloc(1_024, 'x');
const TEN_THOUSAND_FRAGMENTS = Buffer.concat(Array.from({ length: 10_000 }, () => FRAGMENT));
/** So few in one read that their pongs do not exceed the limit. */
const PINGS = Buffer.concat(Array.from({ length: 30 }, () => clientFrame(FIN | PING, Buffer.alloc(125))));
/** Pongs need no answer, and these fill one read of the server. */
const PONGS = Buffer.concat(Array.from({ length: 500 }, () => clientFrame(FIN | PONG, Buffer.alloc(125))));

let deflated: Buffer | undefined;

/** What each of 50 clients does. */
interface Bomb {
  readonly title: string;
  readonly headers?: readonly string[];
  /** The close code that the server must use. */
  readonly code?: number;
  attack(client: RawSocket): Promise<void>;
}

const BOMBS: readonly Bomb[] = [
  {
    title: 'a frame of 64 MiB, deflated to 64 KiB, after permessage-deflate was asked for',
    headers: [DEFLATE],
    code: 1002,
    attack: (client) => client.send((deflated ??= deflate())),
  },
  {
    title: 'a message of 1 MiB + 1 byte',
    code: 1009,
    attack: async (client) => {
      await client.send(clientHeader(FIN | TEXT, MAX_PAYLOAD + 1));
      await client.send(Buffer.alloc(MAX_PAYLOAD + 1, 'x'));
    },
  },
  { title: 'fragments of 1 KiB without end', code: 1008, attack: sendFragments },
  { title: 'a million fragments of 1 byte', code: 1008, attack: sendTinyFragments },
  { title: 'a frame in packets of 1 byte', code: 1008, attack: sendByteByByte },
  { title: 'fragments of 1 byte, each in 64 KiB of pongs', code: 1008, attack: sendPaddedFragments },
  { title: 'pings for 5 s, their pongs never read', attack: pingDeafly },
];

export const bombs: Fault = {
  name: 'bombs',
  title: '50 clients with messages made to hurt',
  run: async () => {
    const rows: Row[] = [];
    for (const bomb of BOMBS) rows.push(...(await explode(bomb)));
    return [...rows, ...(await limitsRows())];
  },
};

async function explode(bomb: Bomb): Promise<Row[]> {
  const server = await FaultServer.start();
  try {
    await warmUp(server);
    const before = await settled(server, ({ clients }) => clients === 0);
    const clients = await crowd(server, bomb.headers);
    const agreed = clients.filter(({ head }) => /sec-websocket-extensions/i.test(head)).length;
    const during = watch(server);
    await inTime(clients.map((client) => bomb.attack(client)));
    if (bomb.code !== undefined) await inTime(clients.map(({ ended }) => ended));
    const most = await during.stop();
    const rows = codeRows(bomb, clients, agreed);
    const cut = clients.filter(({ socket }) => socket.destroyed).length;
    for (const client of clients) client.socket.destroy();
    const title = bomb.code === undefined ? `${bomb.title} (${cut} of ${CLIENTS} cut)` : bomb.title;
    return [...rows, ...growthRows(title, before, most)];
  } finally {
    await server.stop();
  }
}

/** Waits for work, but not for clients that the server fails to close in time: the rows show these. */
async function inTime(work: readonly Promise<void>[]): Promise<void> {
  await Promise.race([Promise.all(work), sleep(TIMEOUT_MS, undefined, { ref: false })]);
}

function codeRows(bomb: Bomb, clients: readonly RawSocket[], agreed: number): Row[] {
  const rows: Row[] = [];
  if (bomb.headers !== undefined) rows.push(exactly('offers of permessage-deflate that were agreed to', agreed, 0));
  if (bomb.code !== undefined) {
    const codes = tallyOf(clients.map(({ closeCode }) => closeCode));
    rows.push(exactly(`${bomb.title}: closed with`, String(codes), `${CLIENTS} × ${bomb.code}`));
  }
  return rows;
}

function growthRows(title: string, before: Figures, most: Most): Row[] {
  const growth = (from: number, to: number) => Math.max(0, to - from) / MIB;
  return [
    atMost(`${title}: RSS growth`, growth(before.rssBytes, most.rssBytes), GROWTH_MIB, 'MiB'),
    atMost(`${title}: external growth`, growth(before.externalBytes, most.externalBytes), GROWTH_MIB, 'MiB'),
  ];
}

/** Ordinary clients first, so that memory which every client needs does not count as the attack's. */
async function warmUp(server: FaultServer): Promise<void> {
  const clients = await crowd(server);
  for (let round = 0; round < 100; round++) {
    await Promise.all(clients.map((client) => client.sendText('x'.repeat(round % 10 === 0 ? 16_384 : 1_024))));
  }
  await Promise.all(clients.map((client) => client.leave()));
  await server.figures();
}

async function crowd(server: FaultServer, headers?: readonly string[]): Promise<RawSocket[]> {
  const opening = Array.from({ length: CLIENTS }, (_, n) => RawSocket.open(server.port, `echo/${n % 5}`, headers));
  return await Promise.all(opening);
}

type Most = Pick<Figures, 'rssBytes' | 'externalBytes'>;

/** The most memory that the server used, without garbage, from now until it is stopped. */
function watch(server: FaultServer): { stop(): Promise<Most> } {
  let most: Most = { rssBytes: 0, externalBytes: 0 };
  let isOver = false;
  const look = async () => {
    const { rssBytes, externalBytes } = await server.figures();
    most = {
      rssBytes: Math.max(most.rssBytes, rssBytes),
      externalBytes: Math.max(most.externalBytes, externalBytes),
    };
  };
  const looking = (async () => {
    while (!isOver) {
      await look();
      await sleep(SAMPLE_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await looking;
      await look();
      return most;
    },
  };
}

function deflate(): Buffer {
  return clientFrame(FIN | RSV1 | TEXT, deflateRawSync(Buffer.alloc(64 * MIB)));
}

async function sendFragments(client: RawSocket): Promise<void> {
  await client.send(clientFrame(TEXT, PADDING));
  await sendUntilClosed(client, clientFrame(CONTINUATION, PADDING));
}

async function sendTinyFragments(client: RawSocket): Promise<void> {
  await client.send(FIRST);
  for (let sent = 0; sent < 1_000_000 && client.isOpen; sent += 10_000) await client.send(TEN_THOUSAND_FRAGMENTS);
}

async function sendByteByByte(client: RawSocket): Promise<void> {
  await client.send(clientHeader(FIN | TEXT, MAX_PAYLOAD));
  const byte = Buffer.from('x');
  for (let sent = 0; sent < MAX_PAYLOAD && client.isOpen; sent++) {
    await client.send(byte);
    await nextTick();
  }
}

/** The server may keep only the byte of each fragment, not everything that it read with it. */
async function sendPaddedFragments(client: RawSocket): Promise<void> {
  for (let sent = 0; sent < MAX_FRAGMENTS; sent++) {
    await client.send(Buffer.concat([sent === 0 ? FIRST : FRAGMENT, PONGS]));
    await sleep(5);
  }
  await sleep(1_000);
  await sendUntilClosed(client, FRAGMENT);
}

async function sendUntilClosed(client: RawSocket, bytes: Buffer): Promise<void> {
  while (client.isOpen) {
    await client.send(bytes);
    // If the system takes everything at once, there is no tick in which the close frame is read.
    await nextTick();
  }
}

async function pingDeafly(client: RawSocket): Promise<void> {
  client.socket.pause();
  const deadline = performance.now() + PINGS_MS;
  while (client.socket.writable && performance.now() < deadline) {
    await Promise.race([client.send(PINGS), sleep(100)]);
    await nextTick();
  }
}

/** Messages at the limits must pass. */
async function limitsRows(): Promise<Row[]> {
  const server = await FaultServer.start();
  try {
    const client = await RawSocket.open(server.port, 'echo/a');
    const echoes: number[] = [];
    client.onText = (text) => echoes.push(text.length);
    await client.send(clientFrame(FIN | TEXT, Buffer.alloc(MAX_PAYLOAD, 'x')));
    const fragments = Array.from({ length: MAX_FRAGMENTS - 2 }, () => FRAGMENT);
    await client.send(Buffer.concat([FIRST, ...fragments, clientFrame(FIN | CONTINUATION, Buffer.from('x'))]));
    for (let wait = 0; wait < 100 && echoes.length < 2; wait++) await sleep(20);
    await client.leave();
    return [
      exactly('a message of 1 MiB, and one of 64 fragments: bytes that come back', echoes.join(', '), '1048576, 64'),
    ];
  } finally {
    await server.stop();
  }
}
