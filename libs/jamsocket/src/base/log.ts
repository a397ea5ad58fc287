import { ConsoleLogger, type Logger } from '@nestjs/common';
import { describeError } from './foreign-value.js';

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
