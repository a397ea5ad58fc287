import cluster from 'node:cluster';
import { rmSync } from 'node:fs';
import { describeError } from '../base/foreign-value.js';
import { setThisMachine } from '../cluster/this-machine.js';
import { ChannelCalls } from './channel/channel-calls.js';
import { ChannelCounts } from './channel/channel-counts.js';
import { ClusterOfWorkers } from './cluster-of-workers.js';
import { MachineNodes } from './machine-nodes.js';
import { ProcessHandOver } from './hand-over/process-hand-over.js';
import type { SendSocket } from './hand-over/raw-socket.js';
import { ProcessChannel } from './channel/process-channel.js';
import { WorkerDriver } from './worker-driver.js';

/** What `app.close()` of Nest needs. */
interface Closing {
  close(): Promise<unknown>;
}

/**
 * Runs the application in this process, a worker. Its rooms find those of the other workers through the primary.
 * @returns the function that asks the primary to reload
 * @throws what `bootstrap` throws
 */
export async function runWorker(
  bootstrap: () => unknown,
  folder: string,
  handsOver: boolean,
): Promise<() => Promise<void>> {
  const channel = new ProcessChannel();
  endWithPrimary(folder);
  const send: SendSocket = (...args) => channel.sendSocket(...args);
  const calls = new ChannelCalls(channel);
  const handOver = new ProcessHandOver(channel, calls, send, handsOver);
  const counts = new ChannelCounts(calls);
  const nodes = new MachineNodes(channel);
  setThisMachine({
    driver: new WorkerDriver(channel, folder, handOver, counts),
    within: (cluster) => new ClusterOfWorkers(cluster, handOver, counts, nodes),
  });
  let app: unknown;
  let isStopping = false;
  const stop = () => {
    if (!isStopping) void shutDown(app);
    isStopping = true;
  };
  channel.listen((message, socket) => {
    if (message.jamsocket === 'stop') stop();
    else if (message.jamsocket === 'give' && socket !== undefined) handOver.received(message, socket);
  });
  try {
    app = await bootstrap();
  } catch (error) {
    await channel.send({ jamsocket: 'failed', reason: describeError(error).message }).catch(() => undefined);
    throw error;
  }
  await channel.send({ jamsocket: 'ready' });
  return () => channel.send({ jamsocket: 'reload' });
}

/** As a signal would: with the application's shutdown hooks, or with `close()` of what `bootstrap` has returned. */
async function shutDown(app: unknown): Promise<void> {
  if (process.listenerCount('SIGTERM') === 0 && isClosing(app)) {
    await app.close();
    process.exit();
  }
  process.kill(process.pid, 'SIGTERM');
}

function isClosing(app: unknown): app is Closing {
  return typeof app === 'object' && app !== null && typeof (app as Partial<Closing>).close === 'function';
}

/** Without the primary this process can claim no rooms, and the next primary would give its rooms to others. */
function endWithPrimary(folder: string): void {
  cluster.worker!.once('disconnect', () => {
    // The primary has closed the channel because this worker was told to.
    if (cluster.worker!.exitedAfterDisconnect) return;
    process.stderr.write('The primary process has ended, so this worker ends, too.\n');
    rmSync(folder, { recursive: true, force: true });
    // Not `process.exit`: it waits for ever for a commit of LMDB that is under way.
    process.kill(process.pid, 'SIGKILL');
  });
}
