import { describeError } from '../base/foreign-value.js';
import { logError, logWarning } from '../base/log.js';
import type { RoomPort } from './room-port.js';

interface LoggedClient {
  readonly id: number;
  readonly room: Pick<RoomPort<never>, 'definition' | 'address'> | null;
}

/** Logs that the server has closed a client, and why. */
export function logClosed(client: LoggedClient, why: string): void {
  const { definition, address } = client.room!;
  const { logger, service, type } = definition;
  const message = `Client ${client.id} of ${type.name} in room "${address.key}" was closed: ${why}`;
  logWarning(logger, message, { service, room: address.key, client: client.id });
}

/** Logs that a close threw, so that the connection was cut. */
export function logCloseFailed(client: LoggedClient, error: unknown): void {
  const { definition, address } = client.room!;
  const { logger, service, type } = definition;
  const { message: reason, stack } = describeError(error);
  const message = `Closing client ${client.id} of ${type.name} in room "${address.key}" failed, so it was cut off: ${reason}`;
  logError(logger, message, { service, room: address.key, client: client.id }, stack);
}
