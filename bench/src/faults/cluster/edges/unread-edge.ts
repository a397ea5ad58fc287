import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { tallyOf } from '../../crowd.js';
import { exactly, MIB } from '../../fault.js';
import { growthRow } from './edge-cluster.js';
import { edgeFault, inPairs, join, PAIRS } from './edge-fault.js';

const UNREAD = 20;
const STREAM_BYTES_A_SECOND = 2 * MIB;
/** Until the buffers of the operating system are full. */
const FILL_MS = 3_000;

export const unreadEdge = edgeFault(
  'edge-unread',
  `An edge with ${UNREAD} clients that do not read`,
  async (cluster) => {
    await cluster.own('stream/unread');
    const talker = await join(cluster.owner.url('stream/unread'));
    talker.on('message', () => undefined);
    const before = await cluster.figures();
    const codes: number[] = [];
    let guests: WebSocket[] = [];
    let [held, most] = [0, 0];
    const p99 = await inPairs(
      cluster,
      async () => {
        guests = await Promise.all(Array.from({ length: UNREAD }, () => join(cluster.edge.url('stream/unread'))));
        for (const guest of guests) guest.pause();
        talker.send(`${STREAM_BYTES_A_SECOND}`);
        await sleep(FILL_MS);
      },
      async () => {
        const figures = await cluster.figures();
        held = Math.max(held, figures.heldBytes);
        most = Math.max(most, figures.mostRss);
        talker.send('0');
        codes.push(...(await Promise.all(guests.map(leave))));
        await sleep(1_000);
      },
    );
    const after = await cluster.figures();
    talker.terminate();
    return [
      exactly('close codes that they see when they read again', `${tallyOf(codes)}`, `${PAIRS * UNREAD} × 1013`),
      growthRow("the owner's heap and external memory meanwhile", before.heldBytes, held, 8),
      growthRow("the owner's largest RSS meanwhile, garbage included", before.rss, most, 64),
      exactly('clients that the owner still has', after.clients, before.clients),
      p99,
    ];
  },
);

/** Reads again. @returns the close code */
async function leave(guest: WebSocket): Promise<number> {
  const closed = once(guest, 'close');
  guest.resume();
  setTimeout(() => guest.close(), 2_000).unref();
  return ((await closed) as [number])[0];
}
