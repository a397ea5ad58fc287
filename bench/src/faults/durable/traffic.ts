import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from './dice.js';
import { LedgerClient } from './ledger-client.js';

export const ROOMS = 3;
export const CLIENTS = 12;
/** Average milliseconds between two entries of a client. */
const EVERY_MS = 25;
/** A client that waits for this many answers sends nothing. */
const MOST_WAITING = 60;
/** Twelve clients in three rooms. */
const SIZE: TrafficSize = { rooms: ROOMS, clients: CLIENTS, everyMs: EVERY_MS };
const SETTLE_MS = 120_000;

export interface TrafficSize {
  readonly rooms: number;
  readonly clients: number;
  /** Average milliseconds between two entries of a client. */
  readonly everyMs: number;
}

/** Clients who add numbers all the time. */
export class Traffic {
  #timer: NodeJS.Timeout | null = null;

  private constructor(
    readonly clients: readonly LedgerClient[],
    private readonly dice: Dice,
    private readonly everyMs: number,
  ) {}

  /** Resolves when all clients are in their rooms. @param run makes the room ids different in each run */
  static async begin(
    run: string,
    dice: Dice,
    placeOf: () => number | string,
    { rooms, clients: count, everyMs }: TrafficSize = SIZE,
  ): Promise<Traffic> {
    const clients = Array.from({ length: count }, (_, n) => new LedgerClient(`c${n}`, `${run}-${n % rooms}`, placeOf));
    const traffic = new Traffic(clients, dice, everyMs);
    await traffic.until(() => clients.every(({ isOpen }) => isOpen), 'all clients are in their rooms');
    traffic.resume();
    return traffic;
  }

  /** Number of entries sent so far. */
  get sent(): number {
    return this.clients.reduce((sum, { sent }) => sum + sent.length, 0);
  }

  get areOpen(): number {
    return this.clients.filter(({ isOpen }) => isOpen).length;
  }

  get opens(): number {
    return this.clients.reduce((sum, { opens }) => sum + opens, 0);
  }

  resume(): void {
    this.#timer ??= setInterval(() => {
      for (const client of this.clients)
        if (client.waiting < MOST_WAITING && this.dice.below(5) === 0) client.add(this.dice.below(200) - 100);
    }, this.everyMs / 5);
  }

  pause(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Pauses the traffic, and waits until each client has received all its own entries. */
  async hush(): Promise<void> {
    this.pause();
    await this.until(() => this.clients.every(({ waiting }) => waiting <= 0), 'all answers are there');
  }

  /** Stops the traffic, and waits until each client has received all entries of its room, or the time is up. */
  async settle(): Promise<void> {
    this.pause();
    const isSettled = () =>
      this.clients.every(({ heard, roomName }) => {
        const sent = this.clients.filter((other) => other.roomName === roomName);
        return heard.length >= sent.reduce((sum, other) => sum + other.sent.length, 0);
      });
    await this.until(isSettled, 'everyone has heard of everything').catch(() => undefined);
    // Duplicates arrive now.
    await sleep(500);
  }

  async until(condition: () => boolean, what: string, withinMs = SETTLE_MS): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!condition()) {
      if (performance.now() > deadline)
        throw new Error(`Not after ${withinMs} ms: ${what}. ${this.areOpen} of ${this.clients.length} are in.`);
      await sleep(5);
    }
  }

  end(): void {
    this.pause();
    for (const client of this.clients) client.close();
  }
}
