import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerClient } from '../durable/ledger-client.js';
import type { Traffic } from '../durable/traffic.js';

const MOST_MS = 60_000;

/**
 * Waits until each client has an answer to something that it says from now on.
 * @returns how long each client waited, in milliseconds; `MOST_MS` for a client without an answer
 */
export async function answers(traffic: Traffic): Promise<number[]> {
  const began = performance.now();
  const said = traffic.clients.map(({ sent }) => sent.length);
  const waits = new Map<LedgerClient, number>();
  while (waits.size < traffic.clients.length && performance.now() - began < MOST_MS) {
    for (const [at, client] of traffic.clients.entries())
      if (!waits.has(client) && client.ownHeard > said[at]) waits.set(client, performance.now() - began);
    await sleep(5);
  }
  return traffic.clients.map((client) => waits.get(client) ?? MOST_MS);
}

/** The longest time between two entries that a client heard, from a moment until now, over all clients. */
export function longestSilence(traffic: Traffic, from: number): number {
  const now = performance.now();
  let longest = 0;
  for (const { heardAt } of traffic.clients) {
    let before = from;
    for (const at of [...heardAt.filter((each) => each > from), now]) {
      longest = Math.max(longest, at - before);
      before = at;
    }
  }
  return longest;
}
