import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Fault, Row } from '../../fault.js';
import { p99Row, type Pair } from '../../latency.js';
import { EdgeCluster } from './edge-cluster.js';

export const PAIRS = 3;
export const WINDOW_MS = 6_000;
/** How much longer others may wait. */
export const MAX_RATIO = 1.25;

type Steps = (cluster: EdgeCluster) => Promise<Row[]>;

export const edgeFault = (name: string, title: string, steps: Steps): Fault => ({
  name,
  title,
  async run() {
    const cluster = await EdgeCluster.start();
    try {
      await cluster.probe.p99(WINDOW_MS / 2);
      return await steps(cluster);
    } finally {
      await cluster.stop();
    }
  },
});

/** @param begin starts what may disturb @param end ends it, before the next window without it */
export async function inPairs(
  { probe }: EdgeCluster,
  begin: () => Promise<void>,
  end: () => Promise<void>,
  pairs = PAIRS,
): Promise<Row> {
  const measured: Pair[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const withoutMs = await probe.p99(WINDOW_MS);
    await begin();
    measured.push({ withoutMs, withMs: await probe.p99(WINDOW_MS) });
    await end();
  }
  return p99Row("p99 of the other node's echoes", measured, MAX_RATIO);
}

export async function join(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}
