import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { tallyOf } from '../../crowd.js';
import { exactly, MIB, type Row } from '../../fault.js';
import { p99Row } from '../../latency.js';
import { growthRow, type EdgeCluster } from './edge-cluster.js';
import { edgeFault, MAX_RATIO, PAIRS, WINDOW_MS } from './edge-fault.js';

const program = new URL('./read-nothing.js', import.meta.url).pathname;
const ROOM = 'stream/unread';
const UNREAD = 20;
/** Their buffers are full 4 to 6 s later. The server cuts a client 5 s after it has closed it, and then it sees no code. */
const STREAM_BYTES_A_SECOND = 1.5 * MIB;
/** Until the buffers of the operating system are full. */
const FILL_MS = 3_000;

interface Windows {
  readonly aloneMs: number;
  readonly readMs: number;
  readonly unreadMs: number;
}

export const unreadEdge = edgeFault(
  'edge-unread',
  `An edge with ${UNREAD} clients that do not read`,
  async (cluster) => {
    const before = await cluster.figures();
    const codes: number[] = [];
    const windows: Windows[] = [];
    let [held, most] = [0, 0];
    for (let pair = 0; pair < PAIRS; pair++) {
      const aloneMs = await cluster.probe.p99(WINDOW_MS);
      const guests = await joinAll(cluster);
      const readMs = await cluster.probe.p99(WINDOW_MS);
      await asked(guests, 'stop reading');
      await sleep(FILL_MS);
      windows.push({ aloneMs, readMs, unreadMs: await cluster.probe.p99(WINDOW_MS) });
      const { heldBytes, mostRss } = await cluster.figures();
      held = Math.max(held, heldBytes);
      most = Math.max(most, mostRss);
      codes.push(...(await asked<{ codes: number[] }>(guests, 'read')).codes);
      await sleep(1_000);
    }
    const after = await cluster.figures();
    return [
      exactly('close codes that they see when they read again', `${tallyOf(codes)}`, `${PAIRS * UNREAD} × 1013`),
      growthRow("the owner's heap and external memory meanwhile", before.heldBytes, held, 8),
      growthRow("the owner's largest RSS meanwhile, garbage included", before.rss, most, 64),
      exactly('clients that the owner still has', after.clients, before.clients),
      ...p99Rows(windows),
    ];
  },
);

/** The stream itself takes time of the machine, so what is compared is the same stream, read and not read. */
function p99Rows(windows: readonly Windows[]): Row[] {
  const what = "p99 of the other node's echoes";
  const unread = windows.map(({ readMs, unreadMs }) => ({ withoutMs: readMs, withMs: unreadMs }));
  const stream = windows.map(({ aloneMs, readMs }) => ({ withoutMs: aloneMs, withMs: readMs }));
  return [
    p99Row(what, unread, MAX_RATIO, 'while they read'),
    p99Row(`${what} while they read`, stream, Infinity, 'without the stream'),
  ];
}

/** Clients at the edge that read a stream. */
async function joinAll(cluster: EdgeCluster): Promise<ChildProcess> {
  await cluster.own(ROOM);
  const urls = [cluster.owner.url(ROOM), cluster.edge.url(ROOM)];
  const guests = fork(program, [...urls, `${UNREAD}`, `${STREAM_BYTES_A_SECOND}`]);
  await once(guests, 'message');
  return guests;
}

async function asked<T>(guests: ChildProcess, order: string): Promise<T> {
  const answer = once(guests, 'message') as Promise<[T]>;
  guests.send(order);
  return (await answer)[0];
}
