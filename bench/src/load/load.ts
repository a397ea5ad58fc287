import { setTimeout as sleep } from 'node:timers/promises';
import type { ClosedLoop, Connects, Flood, Idle, Paced, Storm, Workload } from '../workloads.js';
import { Latencies } from './latencies.js';
import { cpuFromNow, cpuSeconds, rssBytes, writeCalls } from './process-use.js';
import { PROTOCOLS, type Protocol, type ProtocolName } from './protocols.js';
import { fillerOf, RawClient, senderAt, sequenceAt, STAMP_BYTES, timeAt, type Arrival } from './raw-client.js';

/** The load's first argument, as JSON. */
export interface LoadOrder {
  readonly workload: Workload;
  readonly protocol: ProtocolName;
  readonly port: number;
  /** Every second client connects here, if it is given; or with `splitsRooms`, the clients of every second room. */
  readonly secondPort?: number;
  readonly splitsRooms?: boolean;
  readonly serverPid: number;
  /** Further processes whose CPU time counts: `cpuOf` of the result. */
  readonly alsoPids?: readonly number[];
  /** Prefix of room ids, so that measurements use different rooms. */
  readonly run: string;
}

/** The load's output, as a line of JSON. */
export interface LoadResult {
  /** Deliveries, round trips or connects a second. */
  readonly perSecond?: number;
  readonly perServerCpuSecond?: number;
  /** Deliveries for each write call of the server: how much left together. Without meaning for servers that use `send`. */
  readonly perWrite?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Messages that came after a later one of the same sender. */
  readonly outOfOrder?: number;
  readonly bytesPerConnection?: number;
  readonly bytesPerConnectionAfterMessage?: number;
  /** Parts of a core that each side used. At 1 the load itself is the limit. */
  readonly serverCpu?: number;
  readonly loadCpu?: number;
  /** Parts of a core that the processes of `alsoPids` used. */
  readonly cpuOf?: readonly number[];
}

/** Connections opened at a time. With more, the kernel's backlog would overflow and its retries would be measured. */
const CONNECT_AT_ONCE = 50;
/** Of one sender whose messages have to reach all. */
const MOST_IN_FLIGHT = 64;
/** One client in this many checks the order and content of its messages. */
const CHECK_EVERY = 50;
/** These clients check the content of one message in this many. */
const CHECK_CONTENT_EVERY = 64;

const order = JSON.parse(process.argv[2]) as LoadOrder;
const { workload, port, secondPort = port, serverPid, alsoPids = [], run } = order;
const protocol: Protocol = PROTOCOLS[order.protocol];
const filler = Buffer.from(fillerOf(workload.payloadBytes), 'latin1');

class Meter implements Arrival {
  deliveries = 0;
  outOfOrder = 0;
  /** Also filled during the warm-up, so that its code is compiled before the measurement. */
  readonly latencies = new Latencies();
  readonly #dirty: RawClient[] = [];

  /** @param onOwn a message has come to the client that is the witness of its sender; whether that sends the next one */
  constructor(private readonly onOwn: (sender: RawClient, sequence: number) => boolean) {}

  onMessage(client: RawClient, chunk: Buffer, at: number): void {
    this.deliveries++;
    if (client.lastFrom !== null) this.#check(client, chunk, at);
    const { witnessOf } = client;
    if (witnessOf === null || senderAt(chunk, at) !== witnessOf.number) return;
    if (!this.onOwn(witnessOf, sequenceAt(chunk, at))) return;
    if (witnessOf.pending++ === 0) this.#dirty.push(witnessOf);
  }

  /** Replies to all messages of a chunk in one write. */
  onChunkEnd(): void {
    if (this.#dirty.length === 0) return;
    for (const client of this.#dirty) {
      client.send(client.pending, 0, workload.kind === 'mixed' ? () => Math.random() < 0.5 : undefined);
      client.pending = 0;
    }
    this.#dirty.length = 0;
  }

  #check(client: RawClient, chunk: Buffer, at: number): void {
    const sender = senderAt(chunk, at);
    const sequence = sequenceAt(chunk, at);
    const last = client.lastFrom!.get(sender);
    const isNext = last === undefined || (workload.kind === 'mixed' ? sequence > last : sequence === last + 1);
    // In the mixed workload, wrong order is a result. In any other workload it would make the figures worthless.
    if (!isNext && workload.kind === 'mixed') this.outOfOrder++;
    else if (!isNext) fail(`client ${client.number} got message ${sequence} of ${sender} after ${last}`);
    client.lastFrom!.set(sender, sequence);
    if (sequence % CHECK_CONTENT_EVERY === 0) {
      const from = at + STAMP_BYTES;
      if (filler.compare(chunk, from, from + filler.length) !== 0) fail('a message came with other content');
    }
    if (workload.type === 'paced') this.latencies.add(nowUs() - timeAt(chunk, at));
  }
}

function fail(reason: string): never {
  process.stderr.write(`${workload.name}: ${reason}\n`);
  process.exit(1);
}

/** Microseconds since the start of this process; they fit into ten digits. */
function nowUs(): number {
  return Math.round(performance.now() * 1000);
}

async function openAll(arrival: Arrival): Promise<RawClient[][]> {
  const places = Array.from({ length: workload.rooms * workload.clientsPerRoom }, (_, number) => number);
  const clients: RawClient[] = [];
  for (let at = 0; at < places.length; at += CONNECT_AT_ONCE) {
    const some = places.slice(at, at + CONNECT_AT_ONCE).map((number) => open(number, roomOf(number), arrival));
    clients.push(...(await Promise.all(some)));
  }
  return Array.from({ length: workload.rooms }, (_, room) =>
    clients.filter(({ number }) => number % workload.rooms === room),
  );
}

function roomOf(number: number): string {
  return `${run}-${number % workload.rooms}`;
}

/** @returns the client when it is in its room */
async function open(number: number, room: string, arrival: Arrival): Promise<RawClient> {
  const { kind, payloadBytes } = workload;
  const { rooms } = workload;
  const part = order.splitsRooms === true ? number % rooms : Math.floor(number / rooms);
  const at = part % 2 === 0 ? port : secondPort;
  const seat = (await protocol.seat?.(at, kind, room)) ?? { path: protocol.path(kind, room), port: at };
  const client = new RawClient(number, seat.port, seat.path, protocol, payloadBytes, workload.binary ?? false, arrival);
  await client.ready;
  return client;
}

/** Measures how much `count` grows while `work` is under way, and the CPU time that this costs. */
async function measureDuring(
  count: () => number,
  work: () => Promise<unknown>,
): Promise<LoadResult & { counted: number }> {
  const before = {
    count: count(),
    at: performance.now(),
    server: cpuFromNow(serverPid),
    writes: writeCalls(serverPid),
    others: alsoPids.map(cpuSeconds),
    load: process.cpuUsage(),
  };
  await work();
  const seconds = (performance.now() - before.at) / 1000;
  const { user, system } = process.cpuUsage(before.load);
  const counted = count() - before.count;
  const server = before.server();
  return {
    counted,
    perSecond: counted / seconds,
    perServerCpuSecond: counted / server,
    perWrite: counted / (writeCalls(serverPid) - before.writes),
    serverCpu: server / seconds,
    loadCpu: (user + system) / 1e6 / seconds,
    cpuOf: alsoPids.map((pid, at) => (cpuSeconds(pid) - before.others[at]) / seconds),
  };
}

/** Measures for `ms` milliseconds. */
function measure(count: () => number, ms: number): Promise<LoadResult & { counted: number }> {
  return measureDuring(count, () => sleep(ms));
}

async function runClosed({
  sendersPerRoom,
  inFlight,
  kind,
  untilAll = false,
  clientsPerRoom,
  warmUpMs,
  measureMs,
}: ClosedLoop): Promise<LoadResult> {
  const isPingPong = inFlight === 1;
  /** How many clients have each message that is under way, by the last bits of its number. */
  const arrivals = new Uint32Array(MOST_IN_FLIGHT);
  const meter: Meter = new Meter((sender, sequence) => {
    if (untilAll) {
      const at = sequence % MOST_IN_FLIGHT;
      if (++arrivals[at] < clientsPerRoom) return false;
      arrivals[at] = 0;
    }
    if (isPingPong) meter.latencies.add((performance.now() - sender.sentAt) * 1000);
    sender.sentAt = performance.now();
    return true;
  });
  const rooms = await openAll(meter);
  for (const room of rooms) {
    for (let at = 0; at < room.length; at++) {
      if (room[at].number % CHECK_EVERY === 0) room[at].lastFrom = new Map();
      if (untilAll) room[at].witnessOf = room[0];
      // In an `except` room senders do not get their own messages: a neighbour listens instead.
      else if (at < sendersPerRoom) room[kind === 'except' ? (at + 1) % room.length : at].witnessOf = room[at];
    }
  }
  for (const room of rooms) {
    for (const sender of room.slice(0, sendersPerRoom)) {
      sender.sentAt = performance.now();
      sender.send(inFlight, 0);
    }
  }
  await sleep(warmUpMs);
  meter.latencies.clear();
  const { counted, ...result } = await measure(() => meter.deliveries, measureMs);
  if (counted === 0) fail('nothing came back');
  return { ...result, outOfOrder: meter.outOfOrder, ...(isPingPong ? percentiles(meter.latencies) : {}) };
}

async function runPaced({ ratePerClient, senders, warmUpMs, measureMs }: Paced): Promise<LoadResult> {
  const meter = new Meter(() => false);
  const [clients] = await openAll(meter);
  for (const client of clients) if (client.number % 10 === 0) client.lastFrom = new Map();
  const sending = clients.slice(0, senders);
  const gapUs = 1e6 / ratePerClient;
  const began = nowUs();
  // Spread over the gap, each at its own time; the time in a message is when it was due, so a late sender counts too.
  const nextAt = sending.map((_, at) => began + (gapUs * at) / sending.length);
  const timer = setInterval(() => {
    const now = nowUs();
    for (let at = 0; at < sending.length; at++) {
      for (; nextAt[at] <= now; nextAt[at] += gapUs) sending[at].send(1, Math.round(nextAt[at]));
    }
  }, 1);
  await sleep(warmUpMs);
  meter.latencies.clear();
  const { counted, ...result } = await measure(() => meter.deliveries, measureMs);
  clearInterval(timer);
  if (counted === 0) fail('nothing came back');
  return { ...result, ...percentiles(meter.latencies) };
}

async function runConnects({ atOnce, freshRooms, warmUpMs, measureMs }: Connects): Promise<LoadResult> {
  const holders = freshRooms ? [] : await openAll({ onMessage: () => undefined, onChunkEnd: () => undefined });
  let done = 0;
  let next = 0;
  let isOver = false;
  const arrival: Arrival = {
    onMessage: (client) => {
      done++;
      client.close();
    },
    onChunkEnd: () => undefined,
  };
  const worker = async () => {
    while (!isOver) {
      const number = next++ % 99_999;
      const client = await open(number, freshRooms ? `${run}-fresh-${next}` : roomOf(number), arrival);
      client.send(1, 0);
      await client.closed;
    }
  };
  const workers = Array.from({ length: atOnce }, worker);
  await sleep(warmUpMs);
  const { counted, ...result } = await measure(() => done, measureMs);
  isOver = true;
  await Promise.all(workers);
  for (const { socket } of holders.flat()) socket.destroy();
  if (counted === 0) fail('nobody got in');
  return result;
}

async function runStorm({ rooms, clientsPerRoom, atOnce, stormsBefore }: Storm): Promise<LoadResult> {
  const size = rooms * clientsPerRoom;
  const latencies = new Latencies();
  let done = 0;
  const storm = async (id: string) => {
    const clients: RawClient[] = [];
    let next = 0;
    const worker = async () => {
      while (next < size) {
        const number = next++;
        const began = performance.now();
        let answered!: () => void;
        const answer = new Promise<void>((resolve) => (answered = resolve));
        const arrival: Arrival = { onMessage: () => answered(), onChunkEnd: () => undefined };
        const client = await open(number, `${roomOf(number)}-${id}`, arrival);
        clients.push(client);
        client.send(1, 0);
        await answer;
        done++;
        latencies.add((performance.now() - began) * 1000);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return clients;
  };
  for (let before = 0; before < stormsBefore; before++) {
    const clients = await storm(`before${before}`);
    for (const client of clients) client.close();
    await Promise.all(clients.map(({ closed }) => closed));
    await sleep(500);
  }
  latencies.clear();
  const { counted: _, ...result } = await measureDuring(
    () => done,
    () => storm('measured'),
  );
  return { ...result, ...percentiles(latencies) };
}

async function runIdle({ warmUpMs, measureMs }: Idle): Promise<LoadResult> {
  let answers = 0;
  const before = rssBytes(serverPid);
  const rooms = await openAll({ onMessage: () => void answers++, onChunkEnd: () => undefined });
  await sleep(warmUpMs);
  const clients = rooms.flat();
  const idle = rssBytes(serverPid);
  for (const client of clients) client.send(1, 0);
  while (answers < clients.length) await sleep(20);
  await sleep(measureMs);
  const after = rssBytes(serverPid);
  return {
    bytesPerConnection: (idle - before) / clients.length,
    bytesPerConnectionAfterMessage: (after - before) / clients.length,
  };
}

async function runFlood({ warmUpMs, measureMs }: Flood): Promise<LoadResult> {
  const meter = new Meter(() => false);
  await openAll(meter);
  await sleep(warmUpMs);
  const { counted, ...result } = await measure(() => meter.deliveries, measureMs);
  if (counted === 0) fail('nothing came');
  return result;
}

function percentiles(latencies: Latencies): LoadResult {
  const [p50Ms, p99Ms] = latencies.percentiles(0.5, 0.99);
  return { p50Ms, p99Ms };
}

async function main(): Promise<LoadResult> {
  switch (workload.type) {
    case 'closed':
      return runClosed(workload);
    case 'paced':
      return runPaced(workload);
    case 'connects':
      return runConnects(workload);
    case 'storm':
      return runStorm(workload);
    case 'idle':
      return runIdle(workload);
    case 'flood':
      return runFlood(workload);
  }
}

process.stdout.write(`${JSON.stringify(await main())}\n`, () => process.exit(0));
