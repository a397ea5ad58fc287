import { availableParallelism } from 'node:os';
import { JamsocketConfigurationError } from '../base/errors.js';
import { optionMistake } from '../base/checks/option-mistake.js';

/** Options of `startWorkers`. */
export interface WorkersOptions {
  /**
   * How many processes run the application. `'cores'` is one for each core that this process may use. With 1, the
   * application runs in this process, without a primary.
   */
  readonly workers: 'cores' | number;
  /**
   * Milliseconds after which a worker that was told to shut down is killed. Longer than `shutdownGraceMs`. Default 30,000.
   */
  readonly stopMs?: number;
  /**
   * Whether the socket of a client is handed over to the worker that has its room. Otherwise, and for TLS, the worker that
   * accepted it relays what the client says and hears. Default true.
   */
  readonly handOver?: boolean;
}

export interface ResolvedWorkersOptions {
  readonly count: number;
  readonly stopMs: number;
  readonly handOver: boolean;
}

const DEFAULT_STOP_MS = 30_000;
const MAX_WORKERS = 1_024;
const MAX_STOP_MS = 3_600_000;

/** @throws JamsocketConfigurationError for a bad value and for an unknown option */
export function resolveWorkersOptions(options: WorkersOptions): ResolvedWorkersOptions {
  const mistake = optionMistake('startWorkers', options, ['workers', 'stopMs', 'handOver']);
  if (mistake !== undefined) throw new JamsocketConfigurationError(mistake);
  const { workers, stopMs = DEFAULT_STOP_MS, handOver = true } = options;
  const count = workers === 'cores' ? availableParallelism() : workers;
  if (!isWhole(count, MAX_WORKERS)) throw bad('workers', workers, `'cores' or a whole number from 1 to ${MAX_WORKERS}`);
  if (!isWhole(stopMs, MAX_STOP_MS)) throw bad('stopMs', stopMs, `a whole number from 1 to ${MAX_STOP_MS}`);
  if (typeof handOver !== 'boolean') throw bad('handOver', handOver, 'true or false');
  return { count, stopMs, handOver };
}

function isWhole(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max;
}

function bad(name: string, value: unknown, allowed: string): JamsocketConfigurationError {
  return new JamsocketConfigurationError(
    `startWorkers: ${name} is ${typeof value === 'string' ? JSON.stringify(value) : String(value)}, but must be ${allowed}.`,
  );
}
