import { describeError } from '../base/foreign-value.js';
import type { Client } from '../members/client.js';
import { logError, logWarning, type LogFields } from '../base/log.js';
import type { RoomAddress } from '../members/room-address.js';
import { exceptionText, isForTheClient, messageIdOf } from '../replies/exceptions.js';
import type { MessageId } from '../replies/reply.js';
import type { RoomDefinition } from './room-definition.js';

interface FailingRoom {
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
}

interface NamedHandler {
  readonly name: string;
}

/** Logs an error that a handler, or whatever belongs to its turn, has thrown. Never throws. */
export function reportFailure(room: FailingRoom, error: unknown, handler?: NamedHandler, client?: Client): void {
  const where = `${handler?.name ?? room.definition.type.name} in room "${room.address.key}"`;
  const { message, stack, isError } = describeError(error);
  const line = isError ? `${where}: ${message}` : `${where} threw ${message}, which is not an Error`;
  logError(room.definition.logger, line, fieldsOf(room, handler?.name, client), stack);
}

/** Tells the client, if there is one, as much as it may know, and the log the rest. */
export function tellFailure(
  room: FailingRoom,
  error: unknown,
  handler: NamedHandler | undefined,
  client: Client | undefined,
  id: MessageId | undefined,
): void {
  if (!isForTheClient(error)) reportFailure(room, error, handler, client);
  // A client that is away gets it when it comes back.
  if (client === undefined || client.closed !== undefined) return;
  const messageId = id ?? messageIdOf(error);
  let text: string;
  try {
    text = exceptionText(error, messageId);
  } catch (unsendable) {
    // What an application puts into its errors may not be JSON: that is one more error, and not for the client.
    reportFailure(room, unsendable, handler, client);
    text = exceptionText(undefined, messageId);
  }
  client.sendMessage(text);
}

/** Handlers whose streams have been cut, for each service: they would be cut again at every message. */
const cut = new WeakMap<RoomDefinition, Set<string>>();

/** Logs that a stream was ended, once for each handler. */
export function reportCutStream(room: FailingRoom, handler: string, client: Client | undefined, whose: string): void {
  const { definition, address } = room;
  let handlers = cut.get(definition);
  if (handlers === undefined) cut.set(definition, (handlers = new Set()));
  if (handlers.has(handler)) return;
  handlers.add(handler);
  const line =
    `${handler} in room "${address.key}" returned a stream that had not completed when its ${whose} ended, and was cut off. ` +
    'The room waits for a returned stream as it does for a promise: let it complete, or subscribe to it in the handler ' +
    'and use client.emit(). Further streams of this handler are cut without a word.';
  logWarning(definition.logger, line, fieldsOf(room, handler, client));
}

function fieldsOf(
  { definition, address }: FailingRoom,
  handler: string | undefined,
  client: Client | undefined,
): LogFields {
  return {
    service: definition.service,
    room: address.key,
    ...(handler !== undefined && { handler }),
    ...(client !== undefined && { client: client.id }),
  };
}
