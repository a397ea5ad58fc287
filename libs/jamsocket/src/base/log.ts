import { ConsoleLogger, type Logger } from '@nestjs/common';
import { RefusedError, type RefusalCode } from './errors.js';
import { describeError, isInstance } from './foreign-value.js';

/** The room, handler and client of a log line. */
export interface LogFields {
  readonly service?: string;
  readonly room?: string;
  readonly handler?: string;
  /** The client's id in its room. */
  readonly client?: number;
}

/** Nest 12 logs objects after the message as fields of the line; Nest 11 would log each as a line of its own. */
const takesFields = 'stringifyParams' in ConsoleLogger.prototype;
const lastResort = new ConsoleLogger('Jamsocket');

/** Logs an error, with its fields if the logger supports them. Never throws. */
export function logError(logger: Logger, message: string, fields: LogFields | null, stack: string | undefined): void {
  write(message, () =>
    takesFields && fields !== null ? logger.error(message, fields, stack) : logger.error(message, stack),
  );
}

/** Logs a warning, with its fields if the logger supports them. Never throws. */
export function logWarning(logger: Logger, message: string, fields: LogFields | null): void {
  write(message, () => (takesFields && fields !== null ? logger.warn(message, fields) : logger.warn(message)));
}

/** The application's logger may throw: then the line goes to the console, and the room continues. */
function write(message: string, log: () => void): void {
  try {
    log();
  } catch (error) {
    lastResort.error(`The application's logger failed (${describeError(error).message}) for this line: ${message}`);
  }
}

/** While the cluster or the store is away, every connect and call fails in the same way. */
const OUTAGES: ReadonlySet<RefusalCode> = new Set(['cluster_unavailable', 'node_unavailable', 'store_unavailable']);
/** At most one line in this time for each logger. */
const EVERY_MS = 1_000;

interface Lines {
  /** Time of the next line. */
  nextAt: number;
  omitted: number;
}

const linesOf = new WeakMap<Logger, Lines>();

/** Whether the error says only that the cluster or the store does not answer. It needs no stack: no code is at fault. */
export function isOutage(error: unknown): error is RefusedError {
  return isInstance(error, RefusedError) && OUTAGES.has(error.code);
}

/** Logs that something failed in an outage: one line a second, which tells how many it stands for. Never throws. */
export function logOutage(logger: Logger, what: string, error: RefusedError, fields: LogFields | null): void {
  let lines = linesOf.get(logger);
  if (lines === undefined) linesOf.set(logger, (lines = { nextAt: -Infinity, omitted: 0 }));
  const now = performance.now();
  if (now < lines.nextAt) {
    lines.omitted++;
    return;
  }
  const { omitted } = lines;
  const more = omitted === 0 ? '' : ` ${omitted} more like this since the last line.`;
  lines.nextAt = now + EVERY_MS;
  lines.omitted = 0;
  logWarning(logger, `${what}: ${messageOf(error)}${more}`, fields);
}

/** With the reason that the store or the directory has given, if there is one. */
function messageOf({ message, cause }: RefusedError): string {
  return cause === undefined ? message : `${message} (${describeError(cause).message})`;
}
