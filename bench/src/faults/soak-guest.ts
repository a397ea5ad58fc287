import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from './crowd.js';
import { clientFrame, FIN, RawSocket } from './raw-socket.js';

const BINARY = 0x2;
const TALK_MS = 200;
const SHORTEST_STAY_MS = 1_000;
const LONGEST_STAY_MS = 10_000;
/** One message of this many keeps its room busy until the time-out for handlers. */
const HANG_EVERY = 400;
/** Longer than the server waits for a silent peer. */
const SILENCE_MS = 5_000;
const BYTES = clientFrame(FIN | BINARY, Buffer.alloc(300, 'b'));
const FAILURES = ['throw', 'oddly', 'reject'];

type Random = () => number;
type Speak = (guest: RawSocket, random: Random) => void;

const say: Speak = (guest, random) => void guest.sendText(random() % HANG_EVERY === 0 ? 'hang' : 'say hello');
/** Of ten guests three talk, and each other has a habit of its own. */
const TALKS: readonly Speak[] = [
  say,
  say,
  say,
  (guest) => void guest.send(BYTES),
  (guest, random) => void guest.sendText(JSON.stringify({ event: 'move', data: { x: random() }, id: 1 })),
  (guest, random) => void guest.sendText(FAILURES[random() % FAILURES.length]),
  (guest, random) => void guest.sendText(random() % 2 === 0 ? 'timer' : 'timer b'),
  (guest) => void guest.sendText('wait'),
];

/** What guests saw. */
export interface SeenByGuests {
  /** Statuses of the upgrades. */
  readonly answers: Tally;
  /** Close codes of guests that the server closed. */
  readonly closes: Tally;
}

/** One guest joins, follows its habit for a while, and leaves. */
export async function visit(
  port: number,
  path: string,
  random: Random,
  isOver: () => boolean,
  { answers, closes }: SeenByGuests,
): Promise<void> {
  const guest = await RawSocket.open(port, path);
  answers.add(guest.status);
  if (guest.status !== 101) return;
  const habit = random() % (TALKS.length + 2);
  if (habit < TALKS.length) await talk(guest, TALKS[habit], random, isOver);
  else if (habit === TALKS.length) await readSlowly(guest, random, isOver);
  else await saysNothing(guest, isOver);
  if (guest.closedAt > 0) closes.add(guest.closeCode);
  await go(guest, random() % 3);
}

async function talk(guest: RawSocket, speak: Speak, random: Random, isOver: () => boolean): Promise<void> {
  const until = performance.now() + SHORTEST_STAY_MS + (random() % (LONGEST_STAY_MS - SHORTEST_STAY_MS));
  while (guest.isOpen && performance.now() < until && !isOver()) {
    speak(guest, random);
    await sleep(TALK_MS / 2 + (random() % TALK_MS));
  }
}

/** Requests more than may wait for it, and reads too slowly. */
async function readSlowly(guest: RawSocket, random: Random, isOver: () => boolean): Promise<void> {
  guest.socket.pause();
  await guest.sendText('fill');
  await talk(guest, say, random, isOver);
  guest.socket.resume();
  await Promise.race([guest.ended, sleep(SILENCE_MS)]);
}

/** Like a phone in a tunnel: neither reads nor writes until the server drops it. */
async function saysNothing(guest: RawSocket, isOver: () => boolean): Promise<void> {
  guest.socket.pause();
  const until = performance.now() + SILENCE_MS;
  while (performance.now() < until && !isOver()) await sleep(TALK_MS);
}

async function go(guest: RawSocket, how: number): Promise<void> {
  if (how === 0 && guest.isOpen && !guest.socket.isPaused()) return guest.leave();
  if (how === 1) guest.socket.resetAndDestroy();
  await guest.vanish();
}
