import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel, settled, tallyOf } from './crowd.js';
import { FaultServer } from './fault-server.js';
import { atMost, exactly, type Fault, type Row } from './fault.js';
import { RawSocket } from './raw-socket.js';

const CLIENTS = 2_000;
const ROOMS = 100;
const AT_ONCE = 50;
const GRACE_MS = 5_000;
const EXIT_MS = GRACE_MS + 1_000;
const LEAST_SPREAD_MS = 1_000;
const WINDOW_MS = 100;
const TICK_MS = 10;
/** Each client sends once in this many ticks: five times a second. */
const TICKS = 20;
const SPEAKING_MS = 3_000;
const KNOCK_MS = 50;
const KILLED = 500;
const NOTICE_MS = 1_000;
const program = new URL('./held-clients.js', import.meta.url).pathname;

export const shutdown: Fault = {
  name: 'shutdown',
  title: 'SIGTERM with 2,000 clients that speak, SIGKILL of 500 clients',
  run: async () => [...(await terminateServer()), ...(await killClients())],
};

/** Sends numbers to an echo room, and checks the echoes. */
class Counter {
  said = 0;
  heard = 0;
  gaps = 0;

  constructor(readonly wire: RawSocket) {
    wire.onText = (text) => {
      if (Number(text) !== this.heard) this.gaps++;
      this.heard = Number(text) + 1;
    };
  }

  speak(): void {
    if (this.wire.isOpen) void this.wire.sendText(String(this.said++));
  }
}

async function terminateServer(): Promise<Row[]> {
  const server = await FaultServer.start({ shutdownGraceMs: GRACE_MS });
  try {
    const counters: Counter[] = [];
    await inParallel(CLIENTS, AT_ONCE, async (n) => {
      counters.push(new Counter(await RawSocket.open(server.port, `echo/${n % ROOMS}`)));
    });
    const talk = startTalk(counters);
    await sleep(SPEAKING_MS);
    const ending = watchEnd(server);
    const knocks = await knockWhileDraining(server, counters);
    const end = await ending;
    clearInterval(talk);
    return [...knocks, ...closeRows(counters), ...echoRows(counters, end.echoes), ...exitRows(end)];
  } finally {
    await server.stop();
  }
}

/** Lets some of the clients send in each tick, so that the load is even. */
function startTalk(counters: readonly Counter[]): NodeJS.Timeout {
  const began = performance.now();
  let tick = 0;
  return setInterval(() => {
    // Makes up for delayed ticks, up to a limit, in case the machine is too slow.
    const due = Math.floor((performance.now() - began) / TICK_MS);
    for (tick = Math.max(tick, due - TICKS); tick < due; tick++) {
      for (let at = tick % TICKS; at < counters.length; at += TICKS) counters[at].speak();
    }
  }, TICK_MS);
}

interface End {
  readonly tookMs: number;
  /** As in the `exit` event of a child process. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Number of echoes that the server sent, as it reports at its end. */
  readonly echoes: number;
}

/** Sends the SIGTERM. */
async function watchEnd({ child }: FaultServer): Promise<End> {
  let said = '';
  child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const began = performance.now();
  child.kill('SIGTERM');
  const exited = once(child, 'exit').then((status) => ({ status, tookMs: performance.now() - began }));
  const [{ status, tookMs }] = await Promise.all([exited, once(child.stdout!, 'close')]);
  const [code, signal] = status as [number | null, string | null];
  return { tookMs, code, signal, echoes: Number(/^echoes (\d+)$/m.exec(said)?.[1] ?? NaN) };
}

/** Connects again and again, from the first client's close until nearly all are closed. */
async function knockWhileDraining(server: FaultServer, counters: readonly Counter[]): Promise<Row[]> {
  const closed = () => counters.filter(({ wire }) => wire.closedAt > 0).length;
  const deadline = performance.now() + EXIT_MS;
  const answers: string[] = [];
  while (closed() === 0 && performance.now() < deadline) await sleep(1);
  while (closed() < CLIENTS * 0.95 && performance.now() < deadline) {
    const { status, head } = await RawSocket.open(server.port, `echo/${answers.length % ROOMS}`);
    const retryAfter = /^retry-after: (.*)$/im.exec(head)?.[1];
    answers.push(`${status}, Retry-After ${retryAfter ?? 'missing'}`);
    await sleep(KNOCK_MS);
  }
  const bound = '503, Retry-After 1';
  const isMet = answers.length > 0 && answers.every((answer) => answer === bound);
  return [{ what: 'connects while the server drains', bound, measured: String(tallyOf(answers)), isMet }];
}

function closeRows(counters: readonly Counter[]): Row[] {
  const codes = tallyOf(counters.map(({ wire }) => wire.closeCode));
  const times = counters.map(({ wire }) => wire.closedAt).filter((at) => at > 0);
  times.sort((a, b) => a - b);
  const spreadMs = Math.round(times[times.length - 1] - times[0]);
  return [
    exactly('clients closed with', String(codes), '2,000 × 1012'),
    {
      what: 'from the first close to the last',
      bound: `≥ ${LEAST_SPREAD_MS.toLocaleString('en-US')} ms`,
      measured: `${spreadMs.toLocaleString('en-US')} ms`,
      isMet: spreadMs >= LEAST_SPREAD_MS,
    },
    atMost(`closes within any ${WINDOW_MS} ms`, mostWithin(times, WINDOW_MS), CLIENTS / 10, 'clients'),
  ];
}

/** The most times within any window of this length. @param times in order */
function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (let last = 0; last < times.length; last++) {
    while (times[last] - times[first] > windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function echoRows(counters: readonly Counter[], sent: number): Row[] {
  const heard = counters.reduce((sum, counter) => sum + counter.heard, 0);
  const gaps = counters.reduce((sum, counter) => sum + counter.gaps, 0);
  return [
    exactly('gaps in the echoes that each client had until its close', gaps, 0),
    {
      what: 'echoes that the server sent and no client had',
      bound: '0',
      measured: `${(sent - heard).toLocaleString('en-US')} of ${sent.toLocaleString('en-US')}`,
      isMet: sent > 0 && sent === heard,
    },
  ];
}

/** Nest raises the signal again once everything is closed: that is an orderly end too. */
function exitRows({ code, signal, tookMs }: End): Row[] {
  return [
    {
      what: 'the process exits',
      bound: 'with code 0, or by the SIGTERM that Nest raises again',
      measured: signal === null ? `with code ${code}` : `by ${signal}, raised again`,
      isMet: code === 0 || signal === 'SIGTERM',
    },
    atMost('from the SIGTERM to the exit', Math.round(tookMs), EXIT_MS, 'ms'),
  ];
}

async function killClients(): Promise<Row[]> {
  const server = await FaultServer.start();
  try {
    const stayer = new Counter(await RawSocket.open(server.port, 'echo/stayer'));
    const talk = setInterval(() => stayer.speak(), TICK_MS);
    const child = spawn(process.execPath, [program, String(server.port), String(KILLED)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const before = await settled(server, ({ clients }) => clients === KILLED + 1);
    const began = performance.now();
    child.kill('SIGKILL');
    const after = await settled(server, ({ clients, disconnects }) => clients === 1 && disconnects === KILLED);
    const tookMs = Math.round(performance.now() - began);
    clearInterval(talk);
    await sleep(WINDOW_MS);
    return [
      exactly('clients before their process was killed, and after', `${before.clients}, ${after.clients}`, '501, 1'),
      atMost('from the SIGKILL until the last of them was noticed', tookMs, NOTICE_MS, 'ms'),
      exactly('@OnDisconnect of those who were killed', after.disconnects, KILLED),
      exactly('rooms and timers left, the stayer’s room not counted', `${after.rooms - 1}, ${after.timers}`, '0, 0'),
      await goesOnRow(server, stayer),
    ];
  } finally {
    await server.stop();
  }
}

async function goesOnRow(server: FaultServer, stayer: Counter): Promise<Row> {
  const newcomer = new Counter(await RawSocket.open(server.port, 'echo/newcomer'));
  newcomer.speak();
  await sleep(WINDOW_MS);
  const lost = stayer.said - stayer.heard + stayer.gaps + newcomer.said - newcomer.heard;
  const isMet = lost === 0 && stayer.said > 0 && newcomer.said === 1;
  const measured = `${lost} of ${stayer.said + newcomer.said}`;
  return { what: 'echoes lost to one who stayed and one who came after', bound: '0', measured, isMet };
}
