import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { tallyOf } from '../../crowd.js';
import { exactly, MIB } from '../../fault.js';
import { growthRow } from './edge-cluster.js';
import { edgeFault, inPairs, PAIRS } from './edge-fault.js';

const program = new URL('./read-nothing.js', import.meta.url).pathname;
const ROOM = 'stream/unread';
const UNREAD = 20;
/** Their buffers are full 4 to 6 s later. The server cuts a client 5 s after it has closed it, and then it sees no code. */
const STREAM_BYTES_A_SECOND = 1.5 * MIB;
/** Until the buffers of the operating system are full. */
const FILL_MS = 3_000;

export const unreadEdge = edgeFault(
  'edge-unread',
  `An edge with ${UNREAD} clients that do not read`,
  async (cluster) => {
    const before = await cluster.figures();
    const codes: number[] = [];
    let guests: ChildProcess | undefined;
    let [held, most] = [0, 0];
    const p99 = await inPairs(
      cluster,
      async () => {
        await cluster.own(ROOM);
        const urls = [cluster.owner.url(ROOM), cluster.edge.url(ROOM)];
        guests = fork(program, [...urls, `${UNREAD}`, `${STREAM_BYTES_A_SECOND}`]);
        await once(guests, 'message');
        await sleep(FILL_MS);
      },
      async () => {
        const figures = await cluster.figures();
        held = Math.max(held, figures.heldBytes);
        most = Math.max(most, figures.mostRss);
        const left = once(guests!, 'message');
        guests!.send('leave');
        const [{ codes: seen }] = (await left) as [{ codes: number[] }];
        codes.push(...seen);
        await sleep(1_000);
      },
    );
    const after = await cluster.figures();
    return [
      exactly('close codes that they see when they read again', `${tallyOf(codes)}`, `${PAIRS * UNREAD} × 1013`),
      growthRow("the owner's heap and external memory meanwhile", before.heldBytes, held, 8),
      growthRow("the owner's largest RSS meanwhile, garbage included", before.rss, most, 64),
      exactly('clients that the owner still has', after.clients, before.clients),
      p99,
    ];
  },
);
