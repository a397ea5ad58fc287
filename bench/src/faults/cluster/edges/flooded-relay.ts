import { setTimeout as sleep } from 'node:timers/promises';
import { growthRow } from './edge-cluster.js';
import { edgeFault, inPairs, WINDOW_MS } from './edge-fault.js';
import { Flooders } from './flooders.js';

/** The mailbox has up to 8 MiB, and one link up to 512 KiB under way. */
const INBOUND_MIB = 24;

export const floodedRelay = edgeFault(
  'edge-flood',
  'Clients of an edge send as fast as they can to a slow room',
  async (cluster) => {
    await cluster.own('slow/flooded');
    const before = await cluster.figures();
    let flooders: Flooders | undefined;
    let [held, most, handled] = [0, 0, 0];
    const p99 = await inPairs(
      cluster,
      async () => {
        flooders = await Flooders.start(cluster.edge.url('slow/flooded'));
        // Until everything is full, the flood takes the cores from everyone.
        await sleep(WINDOW_MS);
      },
      async () => {
        const figures = await cluster.figures();
        held = Math.max(held, figures.heldBytes);
        most = Math.max(most, figures.mostRss);
        handled = figures.handled;
        await flooders!.stop();
        await sleep(1_000);
      },
    );
    return [
      { what: 'messages handled', bound: 'any', measured: `${handled}`, isMet: handled > 0 },
      growthRow("the owner's heap and external memory meanwhile", before.heldBytes, held, INBOUND_MIB),
      growthRow("the owner's largest RSS meanwhile, garbage included", before.rss, most, 2 * INBOUND_MIB + 64),
      p99,
    ];
  },
);
