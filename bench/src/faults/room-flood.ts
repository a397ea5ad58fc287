import { Agent, request } from 'node:http';
import { inParallel, settled, Tally } from './crowd.js';
import { FaultServer, type Figures } from './fault-server.js';
import { atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { RawSocket } from './raw-socket.js';

const MAX_ROOMS = 1_000;
const STAYING = 1_500;
const CONNECTS = 25_000;
const POSTS = 50_000;
const AT_ONCE = 200;
const POSTS_AT_ONCE = 50;
const UNJOINED_MS = 1_000;
const GROWTH_BYTES = 64 * MIB;
const RATE = { rate: 100, burst: 200 };
const FULL = '503 too_many_rooms';
const TOO_FAST = '429 too_many_connects, Retry-After 1';

export const roomFlood: Fault = {
  name: 'room-flood',
  title: 'One address asks for 100,000 rooms',
  run: async () => [...(await floodRooms()), ...(await floodConnects())],
};

/** 25,000 connects and 50,000 POSTs, to a server that limits only its rooms. */
async function floodRooms(): Promise<Row[]> {
  const limits = { maxRooms: MAX_ROOMS, connectsPerSecondPerIp: 1_000_000 };
  const server = await FaultServer.start({ http: true, unjoinedMs: UNJOINED_MS, limits });
  try {
    const before = await server.figures();
    const leaving = new Tally();
    await connectAndLeave(server, CONNECTS - STAYING, leaving);
    await settled(server, ({ rooms }) => rooms === 0);
    const staying = await connectAndStay(server);
    await settled(server, ({ rooms }) => rooms === 0);
    const posts = await postRooms(server);
    const after = await end(server, before);
    return [
      atMost('rooms at once, all through the flood', after.mostEchoRooms, MAX_ROOMS, 'rooms'),
      exactly('1,500 clients that stay, each in a room of its own', String(staying), `1,000 × 101, 500 × ${FULL}`),
      onlyRow(`23,500 connects that leave at once, ${AT_ONCE} at a time`, leaving, ['101', FULL]),
      bothRow('50,000 rooms by POST', posts, '201', FULL),
      ...leftRows('after 25,000 connects and 50,000 POSTs', before, after),
    ];
  } finally {
    await server.stop();
  }
}

/** 25,000 connects, to a server that also limits the connects of an address. */
async function floodConnects(): Promise<Row[]> {
  const server = await FaultServer.start({ limits: { maxRooms: MAX_ROOMS, connectsPerSecondPerIp: RATE } });
  try {
    const before = await server.figures();
    const answers = new Tally();
    const began = performance.now();
    await connectAndLeave(server, CONNECTS, answers);
    const seconds = (performance.now() - began) / 1_000;
    const after = await end(server, before);
    const what = `25,000 connects in ${seconds.toFixed(1)} s where an address may make 100 a second, 200 at once: let in`;
    return [
      atMost(what, answers.of('101'), RATE.burst + Math.ceil(RATE.rate * seconds), 'connects'),
      bothRow('the same connects', answers, '101', TOO_FAST),
      ...leftRows('after 25,000 connects that were too fast', before, after),
    ];
  } finally {
    await server.stop();
  }
}

/** One half leaves with a close frame, the other without. */
async function connectAndLeave(server: FaultServer, count: number, answers: Tally): Promise<void> {
  await inParallel(count, AT_ONCE, async (n) => {
    const client = await RawSocket.open(server.port, `echo/connect-${n}`);
    answers.add(labelOf(client.status, client.body, /^retry-after: (.*)$/im.exec(client.head)?.[1]));
    await (n % 2 === 0 ? client.leave() : client.vanish());
  });
}

async function connectAndStay(server: FaultServer): Promise<Tally> {
  const answers = new Tally();
  const clients: RawSocket[] = [];
  await inParallel(STAYING, AT_ONCE, async (n) => {
    const client = await RawSocket.open(server.port, `echo/stay-${n}`);
    answers.add(labelOf(client.status, client.body));
    clients.push(client);
  });
  await Promise.all(clients.map((client) => client.leave()));
  return answers;
}

async function postRooms(server: FaultServer): Promise<Tally> {
  const agent = new Agent({ keepAlive: true, maxSockets: POSTS_AT_ONCE });
  const answers = new Tally();
  await inParallel(POSTS, POSTS_AT_ONCE, async (n) =>
    answers.add(await post(server.port, `/ws/echo/post-${n}`, agent)),
  );
  agent.destroy();
  return answers;
}

function post(port: number, path: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve(labelOf(response.statusCode ?? 0, body)));
    });
    sent.on('error', reject).end();
  });
}

/** Such as `503 too_many_rooms`. */
function labelOf(status: number, body: string, retryAfter?: string): string {
  if (status < 400) return String(status);
  const { code } = JSON.parse(body) as { code?: string };
  return `${status} ${code}${retryAfter === undefined ? '' : `, Retry-After ${retryAfter}`}`;
}

function end(server: FaultServer, before: Figures): Promise<Figures> {
  return settled(
    server,
    ({ rooms, handles, nodeTimers }) => rooms === 0 && handles <= before.handles && nodeTimers <= before.nodeTimers,
  );
}

function leftRows(when: string, before: Figures, after: Figures): Row[] {
  return [
    atMost(`RSS growth ${when}`, (after.rssBytes - before.rssBytes) / MIB, GROWTH_BYTES / MIB, 'MiB'),
    exactly(`rooms left ${when}`, after.rooms, 0),
    exactly(`timers left ${when}`, after.timers + Math.max(0, after.nodeTimers - before.nodeTimers), 0),
    exactly(`sockets left ${when}`, Math.max(0, after.handles - before.handles), 0),
  ];
}

function onlyRow(what: string, answers: Tally, labels: readonly string[]): Row {
  const bound = `nothing but ${labels.join(' and ')}`;
  return { what, bound, measured: String(answers), isMet: answers.hasOnly(...labels) };
}

/** Both outcomes must occur, and no other. */
function bothRow(what: string, answers: Tally, taken: string, refused: string): Row {
  const row = onlyRow(what, answers, [taken, refused]);
  return { ...row, isMet: row.isMet && answers.of(taken) > 0 && answers.of(refused) > 0 };
}
