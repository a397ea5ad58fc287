import { setTimeout as sleep } from 'node:timers/promises';
import { settled, Tally } from './crowd.js';
import { FaultServer, type Figures } from './fault-server.js';
import { atLeast, atMost, exactly, MIB, type Fault, type Row } from './fault.js';
import { Probe } from './probe.js';
import { randomNumbers } from './random-numbers.js';
import { visit, type SeenByGuests } from './soak-guest.js';

const GUESTS = 400;
const ROOMS = 40;
const SAMPLES = 100;
const TENTH = SAMPLES / 10;
const HEAP_GROWTH = 1.05;
const RSS_GROWTH = 1.1;
const PROBE_GROWTH = 2;
const STALL_MS = 1_000;
const SETTLING_MS = 15_000;
const MAX_BUFFERED_BYTES = MIB / 4;
const HEARTBEAT = { intervalMs: 1_000, timeoutMs: 3_000 };

export const soak: Fault = {
  name: 'soak',
  title: `${GUESTS} clients in ${ROOMS} rooms for a while, with a little of everything`,

  async run({ soakMinutes }): Promise<Row[]> {
    const options = { heartbeat: HEARTBEAT, limits: { maxBufferedBytes: MAX_BUFFERED_BYTES } };
    const server = await FaultServer.start(options, true);
    try {
      const probe = await Probe.join(server);
      const before = await server.figures();
      const seen: SeenByGuests = { answers: new Tally(), closes: new Tally() };
      const samples = await live(server, probe, soakMinutes, seen);
      probe.leave();
      const after = await settled(server, (figures) => isQuiet(figures, before), SETTLING_MS);
      return [
        ...onceRows(before, after, seen),
        ...flatRows(samples, soakMinutes),
        ...responsiveRows(samples),
        ...leftRows(before, after),
        ...mixRows(after, seen),
      ];
    } finally {
      await server.stop();
    }
  },
};

interface Sample extends Figures {
  /** Median of the probe's round trips since the sample before. */
  readonly roundTripMs: number;
}

/** Keeps guests joining and leaving, and samples the server a hundred times. */
async function live(server: FaultServer, probe: Probe, minutes: number, seen: SeenByGuests): Promise<Sample[]> {
  let isOver = false;
  const random = randomNumbers();
  const comeAndGo = async () => {
    while (!isOver) await visit(server.port, `mixed/${random() % ROOMS}`, random, () => isOver, seen);
  };
  const guests = Array.from({ length: GUESTS }, comeAndGo);
  const samples = await watch(server, probe, minutes * 60_000);
  isOver = true;
  await Promise.all(guests);
  return samples;
}

async function watch(server: FaultServer, probe: Probe, durationMs: number): Promise<Sample[]> {
  const began = performance.now();
  const samples: Sample[] = [];
  let minute = 0;
  for (let number = 1; number <= SAMPLES; number++) {
    await sleep(Math.max(0, began + (durationMs * number) / SAMPLES - performance.now()));
    const sample = { ...(await server.figures()), roundTripMs: probe.takeMedian() };
    samples.push(sample);
    const now = Math.floor((durationMs * number) / SAMPLES / 60_000);
    if (now > minute || number === SAMPLES) print((minute = now), sample);
  }
  return samples;
}

function print(minute: number, { clients, rooms, heapBytes, rssBytes, longestDelayMs, roundTripMs }: Sample): void {
  const [heap, rss] = [heapBytes, rssBytes].map((bytes) => (bytes / MIB).toFixed(1));
  process.stdout.write(
    `  minute ${minute}: ${clients} clients, ${rooms} rooms, heap ${heap} MiB, RSS ${rss} MiB, ` +
      `round trip ${roundTripMs.toFixed(1)} ms, longest stall ${longestDelayMs.toFixed(0)} ms\n`,
  );
}

function isQuiet(figures: Figures, before: Figures): boolean {
  const { rooms, handles, nodeTimers, connects, disconnects } = figures;
  return rooms === 0 && handles <= before.handles - 1 && nodeTimers <= before.nodeTimers && connects === disconnects;
}

function onceRows(before: Figures, after: Figures, { answers }: SeenByGuests): Row[] {
  const accepted = after.upgrades - before.upgrades;
  return [
    exactly('answers to the upgrades', String(answers), `${accepted.toLocaleString('en-US')} × 101`),
    exactly('connects, for the upgrades answered with 101', after.connects, accepted),
    exactly('disconnects, for the connects', after.disconnects, after.connects),
    exactly('connects or disconnects twice', after.twice, 0),
  ];
}

/** Leaves out the first tenth, in which memory is allocated that is needed only once. */
function flatRows(samples: readonly Sample[], minutes: number): Row[] {
  const meanOf = (from: number, of: (sample: Sample) => number) =>
    samples.slice(from, from + TENTH).reduce((sum, sample) => sum + of(sample), 0) / TENTH;
  const row = (what: string, bound: number, of: (sample: Sample) => number) => {
    const [second, last] = [meanOf(TENTH, of), meanOf(SAMPLES - TENTH, of)];
    return atMost(`${what}, mean of the last tenth of ${minutes} min`, last / MIB, (second * bound) / MIB, 'MiB');
  };
  return [
    row(`heap (≤ ${HEAP_GROWTH} × the second tenth)`, HEAP_GROWTH, ({ heapBytes }) => heapBytes),
    row(`RSS (≤ ${RSS_GROWTH} × the second tenth)`, RSS_GROWTH, ({ rssBytes }) => rssBytes),
  ];
}

function responsiveRows(samples: readonly Sample[]): Row[] {
  const medianOf = (from: number) => {
    const times = samples.slice(from, from + TENTH).map(({ roundTripMs }) => roundTripMs);
    return times.sort((a, b) => a - b)[TENTH / 2];
  };
  const [second, last] = [medianOf(TENTH), medianOf(SAMPLES - TENTH)];
  const longest = Math.max(...samples.slice(TENTH).map(({ longestDelayMs }) => longestDelayMs));
  return [
    atMost('round trip of a bystander in the last tenth (≤ 2 × the second)', last, second * PROBE_GROWTH, 'ms'),
    atMost('longest stall of the event loop', Math.round(longest), STALL_MS, 'ms'),
  ];
}

function leftRows(before: Figures, after: Figures): Row[] {
  return [
    exactly('rooms left', after.rooms, 0),
    exactly('timers left', after.timers + Math.max(0, after.nodeTimers - before.nodeTimers), 0),
    // The probe had one socket.
    exactly('sockets left', Math.max(0, after.handles - (before.handles - 1)), 0),
  ];
}

/** Every kind of event must have occurred in the soak. */
function mixRows({ mixed }: Figures, { closes }: SeenByGuests): Row[] {
  const rows = Object.entries(mixed).map(([what, count]) => atLeast(`${what} in the mix`, count, 1));
  const row = { what: 'close codes that guests saw', bound: 'nothing but 1013', measured: String(closes) };
  return [...rows, { ...row, isMet: closes.hasOnly(1013) }];
}
