import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, exactly } from '../../fault.js';
import { growthRow } from './edge-cluster.js';
import { edgeFault, inPairs } from './edge-fault.js';
import { HeldClients } from './held-clients.js';

const HELD = 5_000;

export const deadEdge = edgeFault(
  'edge-dead',
  `kill -9 of an edge with ${HELD.toLocaleString('en')} clients`,
  async (cluster) => {
    const rooms = Array.from({ length: 50 }, (_, number) => `echo/held${number}`);
    const before = await cluster.figures();
    let [most, slowestMs, had] = [0, 0, 0];
    const p99 = await inPairs(
      cluster,
      async () => {
        // They stopped when their clients had gone.
        for (const room of rooms) await cluster.own(room);
        const held = await HeldClients.join(cluster.edge, rooms, HELD);
        had = (await cluster.clients()) - before.clients;
        await cluster.edge.kill('SIGKILL');
        const killedAt = performance.now();
        await held.leave();
        void (async () => {
          while ((await cluster.clients()) > before.clients) await sleep(50);
          slowestMs = Math.max(slowestMs, performance.now() - killedAt);
        })();
      },
      async () => {
        const figures = await cluster.figures();
        most = Math.max(most, figures.heldBytes);
        await cluster.edge.start();
      },
    );
    await sleep(2_000);
    const after = await cluster.figures();
    return [
      exactly('clients that the owner had there', had, HELD),
      exactly('clients that the owner still has', after.clients, before.clients),
      atMost('until the owner has handled the end of each', Math.round(slowestMs), 5_000, 'ms'),
      growthRow("the owner's heap and external memory after it", before.heldBytes, most, 8),
      p99,
    ];
  },
);
