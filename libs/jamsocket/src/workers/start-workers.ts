import cluster from 'node:cluster';
import { JamsocketConfigurationError, JamsocketError } from '../base/errors.js';
import { FOLDER_VARIABLE, runPrimary } from './run-primary.js';
import { runWorker } from './run-worker.js';
import { resolveWorkersOptions, type WorkersOptions } from './workers-options.js';

/** The workers of this machine. */
export interface Workers {
  /** What this process is. `single`: with `workers: 1` the application runs here, and there are no workers. */
  readonly role: 'primary' | 'worker' | 'single';
  /**
   * Replaces one worker after the other by one that has loaded the program anew. Each replacement has started before its
   * predecessor shuts down. In the primary it resolves when that is done, in a worker when the primary was told.
   * @throws Error if a replacement cannot start: then the other workers stay as they are
   * @throws JamsocketError `no_workers` if there is no primary
   */
  reload(): Promise<void>;
}

/**
 * Runs the application once for each core of this machine, on one port. Any worker takes a client, and each room lives in
 * one worker. Call it in `main.ts`, with the function that starts the application: it runs in the workers, not in the
 * primary.
 *
 * The primary replaces workers that end. On SIGTERM and SIGINT it shuts all workers down, on SIGHUP it reloads them. It ends
 * with exit code 1 if workers end again and again soon after their start.
 * @throws JamsocketConfigurationError for a wrong option, or in a process of another `node:cluster`
 * @throws Error in the primary, if the first worker cannot start; in a worker whatever `bootstrap` throws
 */
export async function startWorkers(bootstrap: () => unknown, options: WorkersOptions): Promise<Workers> {
  const resolved = resolveWorkersOptions(options);
  const folder = takeFolder();
  if (folder !== undefined) return { role: 'worker', reload: await runWorker(bootstrap, folder, resolved.handOver) };
  if (resolved.count === 1) {
    await bootstrap();
    return { role: 'single', reload: () => Promise.reject(noWorkers()) };
  }
  if (cluster.isWorker)
    throw new JamsocketConfigurationError(
      'startWorkers was called in a worker of another node:cluster, such as that of PM2 in cluster mode. Start one process (fork mode of PM2), or use workers: 1.',
    );
  return { role: 'primary', reload: await runPrimary(resolved) };
}

/** Set by the primary. Processes that this worker starts must not see it. */
function takeFolder(): string | undefined {
  const folder = process.env[FOLDER_VARIABLE];
  delete process.env[FOLDER_VARIABLE];
  return cluster.isWorker && folder ? folder : undefined;
}

function noWorkers(): JamsocketError {
  return new JamsocketError('no_workers', 'There are no workers to reload: startWorkers was called with workers: 1.');
}
