import cluster from 'node:cluster';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { Primary } from './primary.js';
import type { ForkedProcess } from './worker-process.js';
import type { ResolvedWorkersOptions } from './workers-options.js';

/** Names the folder of the workers' sockets to a worker. */
export const FOLDER_VARIABLE = 'JAMSOCKET_WORKERS';

const logger = new Logger('JamsocketWorkers');

/**
 * Forks this program once for each worker, and watches them.
 * @returns the function that reloads them
 * @throws Error if the first worker cannot start
 */
export async function runPrimary(options: ResolvedWorkersOptions): Promise<() => Promise<void>> {
  // The folder is only for the user of this process: whoever can connect there is trusted.
  // Round robin passes each connection through the primary, and one on its way to a worker that dies would stay open
  // there without an answer: Node forgets it. It also costs twice as much.
  if (process.env.NODE_CLUSTER_SCHED_POLICY === undefined) cluster.schedulingPolicy = cluster.SCHED_NONE;
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const giveUp = (reason: string) => {
    logger.error(`${reason}. The workers shut down, and this process ends with exit code 1.`);
    void primary.stop().then(() => process.exit(1));
  };
  const fork = () => cluster.fork({ [FOLDER_VARIABLE]: folder }) as ForkedProcess;
  const primary = new Primary(options, fork, giveUp);
  const ignoreSignals = heedSignals(primary);
  try {
    await primary.start();
  } catch (error) {
    ignoreSignals();
    throw error;
  }
  return () => primary.reload();
}

/** @returns a function that takes the listeners away */
function heedSignals(primary: Primary): () => void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // Whoever sends a second one does not want to wait.
    if (isStopping) return primary.kill();
    isStopping = true;
    void primary.stop().then(() => {
      remove();
      process.kill(process.pid, signal);
    });
  };
  const reload = () => {
    // The terminal was closed.
    if (process.stdout.isTTY) stop('SIGHUP');
    else primary.reloadAsked();
  };
  const listeners: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ['SIGTERM', stop],
    ['SIGINT', stop],
    ['SIGHUP', reload],
  ];
  const remove = () => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  };
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return remove;
}
