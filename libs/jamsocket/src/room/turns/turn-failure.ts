import type { Client } from '../../members/client.js';
import type { RoomAddress } from '../../members/room-address.js';
import type { JamsocketContext } from '../../members/room-context.js';
import type { ObserverSet } from '../../observe/observer-set.js';
import type { ReplyStyle } from '../../replies/reply.js';
import { countFailure, reportFailure, tellFailure } from './failure.js';
import type { Handler, RoomDefinition } from '../room-definition.js';
import type { TurnRecord } from './turn-record.js';

/** Who gets the reply, and what happens when the handler fails. */
export interface Turn {
  readonly handler: Handler | undefined;
  readonly client: Client | undefined;
  readonly message: unknown;
  readonly style: ReplyStyle;
  readonly number: number;
  readonly onFailure?: (error: unknown) => void;
  readonly record?: TurnRecord;
}

interface TurnRoom {
  readonly definition: RoomDefinition;
  readonly address: RoomAddress;
  readonly context: JamsocketContext;
  readonly observer: ObserverSet | null;
}

/** Gives an error to the exception filters, then to the client and the log if no filter handles it. Never throws or rejects. */
export function failTurn(room: TurnRoom, error: unknown, turn: Turn): void | Promise<void> {
  const { handler, client, message } = turn;
  turn.record?.fail(error);
  if (handler !== undefined) countFailure(room.definition, handler.name, error);
  room.observer?.turnFailed(room.context, handler?.name, client, error);
  let isTaken: boolean | Promise<boolean>;
  try {
    isTaken = handler?.filter(error, client, message, room.context) ?? false;
  } catch (filterError) {
    return filterFailed(room, filterError, error, turn);
  }
  if (typeof isTaken === 'boolean') return isTaken ? undefined : tell(room, error, turn);
  return isTaken.then(
    (taken) => (taken ? undefined : tell(room, error, turn)),
    (filterError) => filterFailed(room, filterError, error, turn),
  );
}

/** Gives the error of `@OnCreate` to the exception filters. Never rejects. */
export async function filterCreateError(room: TurnRoom, handler: Handler, error: unknown): Promise<void> {
  try {
    await handler.filter(error, undefined, undefined, room.context);
  } catch (filterError) {
    reportFailure(room, filterError, handler);
  }
}

function filterFailed(room: TurnRoom, filterError: unknown, error: unknown, turn: Turn): void {
  if (filterError !== error) reportFailure(room, filterError, turn.handler, turn.client);
  tell(room, error, turn);
}

function tell(room: TurnRoom, error: unknown, { handler, client, style, onFailure }: Turn): void {
  tellFailure(room, error, handler, client, style.id);
  onFailure?.(error);
}
