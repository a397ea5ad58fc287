import { ConsoleLogger, type Logger } from '@nestjs/common';
import { describeError } from '../base/foreign-value.js';
import type { RoomPort } from './room-port.js';

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
export function logError(logger: Logger, message: string, fields: LogFields, stack: string | undefined): void {
  write(message, () => (takesFields ? logger.error(message, fields, stack) : logger.error(message, stack)));
}

/** Logs a warning, likewise. */
export function logWarning(logger: Logger, message: string, fields: LogFields): void {
  write(message, () => (takesFields ? logger.warn(message, fields) : logger.warn(message)));
}

interface LoggedClient {
  readonly id: number;
  readonly room: Pick<RoomPort<never>, 'definition' | 'address'> | null;
}

/** Logs that the server has closed a client for what it did, or did not do. */
export function logClosed(client: LoggedClient, why: string): void {
  const { definition, address } = client.room!;
  const { logger, service, type } = definition;
  const message = `Client ${client.id} of ${type.name} in room "${address.key}" was closed: ${why}`;
  logWarning(logger, message, { service, room: address.key, client: client.id });
}

/** The logger is the application's. If it fails, the room goes on, and the line goes to the console. */
function write(message: string, log: () => void): void {
  try {
    log();
  } catch (error) {
    lastResort.error(`The application's logger failed (${describeError(error).message}) for this line: ${message}`);
  }
}

/** Logs that a client could not be closed properly, and was cut off. */
export function logCloseFailed(client: LoggedClient, error: unknown): void {
  const { definition, address } = client.room!;
  const { logger, service, type } = definition;
  const message = `Closing client ${client.id} of ${type.name} in room "${address.key}" failed, so it was cut off: ${String(error)}`;
  const stack = error instanceof Error ? error.stack : undefined;
  logError(logger, message, { service, room: address.key, client: client.id }, stack);
}
