import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultServer, type Figures } from './fault-server.js';
import { atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { ACCEPTED, upgradeRequest } from './upgrade.js';

const CONNECTIONS = 10_000;
const ROOMS = 1_000;
const AT_ONCE = 200;
const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 3_000;
/** Allows for delayed timers, and for a sweep that destroys a thousand sockets. */
const SLACK_MS = 500;
const BOUND_MS = INTERVAL_MS + TIMEOUT_MS + SLACK_MS;
/** Time to read the end of the sockets that were not read before. */
const READING_MS = 2_000;
const GROWTH = 1.05;

/** A peer that completes the upgrade and then sends nothing. */
class SilentPeer {
  openedAt = 0;
  endedAt = 0;

  private constructor(private readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.once('close', () => (this.endedAt = performance.now()));
  }

  static async connect(port: number): Promise<SilentPeer> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new SilentPeer(socket);
  }

  /** @param reads reads and ignores pings, so that it notices when it is dropped; without it the peer reads nothing */
  async upgrade(path: string, reads: boolean): Promise<void> {
    const answer = new Promise<string>((resolve) => {
      this.socket.once('data', (chunk) => resolve(chunk.toString('latin1')));
      this.socket.once('close', () => resolve('nothing'));
    });
    this.socket.write(upgradeRequest(path));
    const text = await answer;
    this.openedAt = performance.now();
    if (!text.startsWith(ACCEPTED)) throw new Error(`An upgrade was answered: ${text}`);
    if (!reads) this.socket.pause();
  }

  get hasEnded(): boolean {
    return this.endedAt > 0;
  }

  read(): void {
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

interface Cycle {
  /** Percentage of the reading peers that were still connected at the last upgrade. */
  readonly percentAtOnce: number;
  /** Longest time of a reading peer from its upgrade to its end. */
  readonly longestMs: number;
  readonly ended: number;
  /** The figures when the bound had passed since the last upgrade. */
  readonly atBound: Figures;
}

/** Opens all peers, sends nothing, and reads the figures when the time is up. */
async function loseAll(server: FaultServer): Promise<Cycle> {
  const peers = await connectAll(server);
  await forAll((at) => peers[at].upgrade(`echo/${at % ROOMS}`, doesRead(at)));
  const openedAt = Math.max(...peers.map((peer) => peer.openedAt));
  await sleep(openedAt + BOUND_MS - performance.now());
  const atBound = await server.figures();
  const readers = peers.filter((_, at) => doesRead(at));
  const longestMs = Math.max(...readers.map(lifeOf));
  const atOnce = readers.filter(({ hasEnded, endedAt }) => !hasEnded || endedAt > openedAt).length;
  for (const peer of peers) peer.read();
  const readUntil = performance.now() + READING_MS;
  while (peers.some((peer) => !peer.hasEnded) && performance.now() < readUntil) await sleep(10);
  const ended = peers.filter((peer) => peer.hasEnded).length;
  for (const peer of peers) peer.destroy();
  return { percentAtOnce: Math.floor((atOnce / readers.length) * 100), longestMs, ended, atBound };
}

/** Opens all TCP connections first, so that the upgrades are done soon after the first peer is dropped. */
async function connectAll(server: FaultServer): Promise<SilentPeer[]> {
  const peers: SilentPeer[] = [];
  await forAll(async (at) => {
    peers[at] = await SilentPeer.connect(server.port);
  });
  return peers;
}

async function forAll(act: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const actInTurn = async () => {
    while (next < CONNECTIONS) await act(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, actInTurn));
}

function doesRead(at: number): boolean {
  return at % 2 === 0;
}

function lifeOf(peer: SilentPeer): number {
  return (peer.hasEnded ? peer.endedAt : Infinity) - peer.openedAt;
}

function rowsOf(before: Figures, cycle: Cycle, after: Figures): Row[] {
  return [
    atMost('from its upgrade to its end, the longest', Math.round(cycle.longestMs), BOUND_MS, 'ms'),
    exactly(`clients left ${BOUND_MS} ms after the last upgrade`, cycle.atBound.clients, 0),
    exactly('TCP handles then', cycle.atBound.handles, before.handles),
    exactly(`sockets that the server ended (${cycle.percentAtOnce} % open at once)`, cycle.ended, CONNECTIONS),
    exactly('rooms left', after.rooms, 0),
    exactly('TCP handles left', after.handles, before.handles),
    atMost('RSS after', after.rssBytes / MIB, (before.rssBytes * GROWTH) / MIB, 'MiB'),
  ];
}

export const halfOpen: Fault = {
  name: 'half-open',
  title: '10,000 peers gone without a word',
  async run() {
    const server = await FaultServer.start({ heartbeat: { intervalMs: INTERVAL_MS, timeoutMs: TIMEOUT_MS } });
    try {
      await loseAll(server);
      const before = await server.figures();
      const cycle = await loseAll(server);
      return rowsOf(before, cycle, await server.figures());
    } finally {
      await server.stop();
    }
  },
};
