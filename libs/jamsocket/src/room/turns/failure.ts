import { describeError } from '../../base/foreign-value.js';
import type { Client } from '../../members/client.js';
import { isOutage, logError, logOutage, logWarning, type LogFields } from '../../base/log.js';
import type { RoomAddress } from '../../members/room-address.js';
import { exceptionText, isForTheClient, messageIdOf } from '../../replies/exceptions.js';
import type { MessageId } from '../../replies/reply.js';
import type { Fault } from '../../traffic/traffic.js';
import type { RoomDefinition } from '../room-definition.js';

interface FailingRoom {
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
}

interface NamedHandler {
  readonly name: string;
}

/** Whose mistake it is: the client's own, if the error is meant to tell it. */
export function faultOf(error: unknown): Fault {
  return isForTheClient(error) ? 'client' : 'server';
}

/** Counts a failed turn. @param handler class and method, such as `ChatRoom.message` */
export function countFailure({ traffic }: RoomDefinition, handler: string, error: unknown): void {
  if (traffic.isCounted) traffic.countFailed(handler, faultOf(error));
}

/** Logs an error of a handler or of anything else in its turn. Never throws. */
export function reportFailure(room: FailingRoom, error: unknown, handler?: NamedHandler, client?: Client): void {
  const where = `${handler?.name ?? room.definition.type.name} in room "${room.address.key}"`;
  const fields = fieldsOf(room, handler?.name, client);
  if (isOutage(error)) return logOutage(room.definition.logger, where, error, fields);
  const { message, stack, isError } = describeError(error);
  const line = isError ? `${where}: ${message}` : `${where} threw ${message}, which is not an Error`;
  logError(room.definition.logger, line, fields, stack);
}

/** Sends the client, if there is one, the part of the error that it may see. Errors not meant for clients go to the log. */
export function tellFailure(
  room: FailingRoom,
  error: unknown,
  handler: NamedHandler | undefined,
  client: Client | undefined,
  id: MessageId | undefined,
): void {
  if (!isForTheClient(error)) reportFailure(room, error, handler, client);
  // A client that is away gets it when it resumes.
  if (client === undefined || client.closed !== undefined) return;
  const messageId = id ?? messageIdOf(error);
  let text: string;
  try {
    text = exceptionText(error, messageId);
  } catch (unsendable) {
    // The content of an application's error may not be JSON. The log gets that second error, the client a general one.
    reportFailure(room, unsendable, handler, client);
    text = exceptionText(undefined, messageId);
  }
  client.sendMessage(text);
}

/** By service, the handlers whose cut stream was logged: without this each message would log it again. */
const cut = new WeakMap<RoomDefinition, Set<string>>();

/** Logs, once per handler, that its stream was cut off. */
export function reportCutStream(room: FailingRoom, handler: string, client: Client | undefined, whose: string): void {
  const { definition, address } = room;
  let handlers = cut.get(definition);
  if (handlers === undefined) cut.set(definition, (handlers = new Set()));
  if (handlers.has(handler)) return;
  handlers.add(handler);
  const line =
    `${handler} in room "${address.key}" returned a stream that had not completed when its ${whose} ended, and was cut off. ` +
    'The room waits for a returned stream as it does for a promise: let it complete, or subscribe to it in the handler ' +
    'and use client.emit(). Further streams of this handler are cut off without a log line.';
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
