import { Logger } from '@nestjs/common';
import { JamsocketConfigurationError } from '../base/errors.js';
import { describeError } from '../base/foreign-value.js';
import type { JamsocketClock } from '../base/sources.js';
import { withDeadline } from '../base/within-timeout.js';
import type { ClusterDriver } from './cluster-driver.js';

/** Milliseconds to wait at boot for the check of the driver, and for the first lease. */
export const BOOT_MS = 5_000;

const logger = new Logger('Jamsocket');

/**
 * Checks the server of the cluster at boot, and says in the log what carries it.
 * @returns the most bytes that may be under way; `undefined` if the server could not be checked
 * @throws JamsocketConfigurationError if the server or its settings cannot carry a cluster
 */
export async function checkDriver(driver: ClusterDriver, clock: JamsocketClock): Promise<number | undefined> {
  const late = () => new Error(`no answer in ${BOOT_MS} ms`);
  try {
    const { description, maxBytesUnderWay } = await withDeadline(driver.check(), BOOT_MS, clock, late);
    const line = `Rooms are spread over a cluster: ${description}`;
    if (line.includes('WARNING')) logger.warn(line);
    else logger.log(line);
    return maxBytesUnderWay;
  } catch (error) {
    if (error instanceof JamsocketConfigurationError) throw error;
    warn('could not be checked', error);
    return undefined;
  }
}

/** The directory does not answer. */
export function warnSilent(error: unknown): void {
  warn('does not answer', error);
}

function warn(what: string, error: unknown): void {
  logger.warn(`The directory of the cluster ${what}: ${describeError(error).message}`);
}
