import { ConsoleLogger, type Logger } from '@nestjs/common';
import { describeError } from './foreign-value.js';

/** Which room, handler and client a log line is about. */
export interface LogFields {
  readonly service?: string;
  readonly room?: string;
  readonly handler?: string;
  /** The client's id in its room. */
  readonly client?: number;
}

/** Nest 12 takes objects after the message as fields of the line; Nest 11 would log each of them as another line. */
const takesFields = 'stringifyParams' in ConsoleLogger.prototype;
const lastResort = new ConsoleLogger('Jamsocket');

/** Logs an error, with its fields where the logger knows what to do with them. Never throws. */
export function logError(logger: Logger, message: string, fields: LogFields | null, stack: string | undefined): void {
  write(message, () =>
    takesFields && fields !== null ? logger.error(message, fields, stack) : logger.error(message, stack),
  );
}

/** Logs a warning, likewise. */
export function logWarning(logger: Logger, message: string, fields: LogFields | null): void {
  write(message, () => (takesFields && fields !== null ? logger.warn(message, fields) : logger.warn(message)));
}

/** The logger is the application's. If it fails, the room goes on, and the line goes to the console. */
function write(message: string, log: () => void): void {
  try {
    log();
  } catch (error) {
    lastResort.error(`The application's logger failed (${describeError(error).message}) for this line: ${message}`);
  }
}
