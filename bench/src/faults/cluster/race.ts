import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { inParallel, Tally } from '../crowd.js';
import { Dice } from '../durable/dice.js';
import { Victim } from '../durable/victim.js';
import { exactly, type Fault, type Row, type Settings } from '../fault.js';
import { RedisServer } from './redis-server.js';

const EVENTS = 20_000;
const ROOMS = 200;
const AT_ONCE = 100;
const STAYS_MS = 300;
const SETTLE_MS = 5_000;
/** The directory's entries, with SERVICE NUL KEY as their names. */
const ENTRIES = '{jamsocket:directory}:rooms';
const program = new URL('./race-server.js', import.meta.url).pathname;

interface Report {
  readonly connects: number;
  readonly disconnects: number;
  readonly unpaired: number;
  readonly instances: number;
  readonly twins: number;
  readonly live: readonly string[];
}

/** Clients join and leave, rooms are made and closed, all at once and at random nodes. */
export const race: Fault = {
  name: 'race',
  title: 'Joins, leaves, creates and closes racing over three nodes and 200 rooms',
  run: raceThem,
};

async function raceThem(settings: Settings): Promise<Row[]> {
  const dice = new Dice(settings.seed);
  const redis = await RedisServer.start();
  const env = { NODE_ENV: 'production', REDIS_URL: redis.url };
  const nodes: Victim[] = [];
  const client = new Redis(redis.url);
  const outcomes = new Tally();
  try {
    for (let at = 0; at < 3; at++)
      nodes.push(await Victim.on({ command: [process.execPath, program], env, ready: 'it is ready' }));
    await Promise.all(nodes.map((node) => node.start()));
    const deadline = performance.now() + settings.minutes * 60_000;
    let done = 0;
    await inParallel(settings.count ?? EVENTS, AT_ONCE, async () => {
      if (performance.now() > deadline) return;
      const node = nodes[dice.below(nodes.length)];
      outcomes.add(await oneEvent(node, `r${dice.below(ROOMS)}`, dice));
      done++;
    });
    await sleep(SETTLE_MS);
    const reports = await Promise.all(nodes.map(reportOf));
    const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0);
    const entries = (await client.hkeys(ENTRIES)).map((name) => name.split('\0')[1]);
    const live = reports.flatMap((report) => report.live);
    return [
      { what: `${done.toLocaleString('en-US')} events`, bound: 'any', measured: `${outcomes}`, isMet: true },
      exactly(
        '@OnConnect without its @OnDisconnect, or twice',
        sum(({ connects, disconnects }) => connects - disconnects) + sum(({ unpaired }) => unpaired),
        0,
      ),
      exactly(
        `of ${sum(({ instances }) => instances)} instances, twins of another one`,
        sum(({ twins }) => twins),
        0,
      ),
      exactly('5 s later: entries without a room', entries.filter((room) => !live.includes(room)).length, 0),
      exactly('5 s later: rooms without an entry', live.filter((room) => !entries.includes(room)).length, 0),
    ];
  } finally {
    client.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
    await redis.stop();
  }
}

async function oneEvent(node: Victim, room: string, dice: Dice): Promise<string> {
  const kind = dice.below(10);
  if (kind === 0) {
    const url = `http://127.0.0.1:${node.port}/ws/race/${room}`;
    const response = await fetch(url, { method: 'POST' }).catch(() => undefined);
    return `create: ${response?.status ?? 'no answer'}`;
  }
  if (kind === 1) {
    node.send({ close: room });
    return 'close';
  }
  return joinAndLeave(node.url(`race/${room}`), dice.below(STAYS_MS));
}

/** Half of the clients leave before they have heard anything. */
function joinAndLeave(url: string, staysMs: number): Promise<string> {
  const socket = new WebSocket(url);
  return new Promise((resolve) => {
    let outcome = 'join: failed';
    socket.once('open', () => {
      outcome = 'join: in';
      if (staysMs % 2 === 0) socket.close();
      else setTimeout(() => socket.terminate(), staysMs);
    });
    socket.once('unexpected-response', (request, response) => {
      outcome = `join: ${response.statusCode}`;
      request.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(outcome));
    setTimeout(() => socket.terminate(), 30_000).unref();
  });
}

async function reportOf(node: Victim): Promise<Report> {
  const answer = node.answer<Report>('report');
  node.send({ report: true });
  return answer;
}
