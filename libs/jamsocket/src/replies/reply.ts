import { isObservable, tap, type Observable } from 'rxjs';
import type { Client } from '../members/client.js';

/** What comes back with the reply to a message. */
export type MessageId = string | number;

/** How a message wants its reply: `event` names a reply that does not name itself, `id` is the message's own. */
export interface ReplyStyle {
  readonly event?: string;
  readonly id?: MessageId;
}

/**
 * Sends what a handler returned to the client that asked. `{ event, data }` goes out as it is, with the message's
 * `id`; another value of an event handler becomes the data of the same event; a string or bytes returned by a
 * handler of plain messages are sent unchanged. `undefined` and `null` are no reply.
 */
export function sendReply(client: Client, value: unknown, { event, id }: ReplyStyle): void {
  if (value === undefined || value === null) return;
  if (isEvent(value)) sendEvent(client, value.event, value.data, id);
  else if (event !== undefined) sendEvent(client, event, value, id);
  else if (typeof value === 'string') client.sendMessage(value);
  else if (value instanceof Uint8Array) client.sendBinary(value);
  else client.sendMessage(JSON.stringify(value));
}

/** An event frame; `id` is left out where the message had none. */
function sendEvent(client: Client, event: string, data: unknown, id: MessageId | undefined): void {
  client.sendMessage(JSON.stringify({ event, data, id }));
}

/**
 * Every value is a reply. Resolves when the stream completes; rejects when it fails.
 * @param report takes what is thrown after that
 */
export function sendReplies(
  values: Observable<unknown>,
  client: Client | undefined,
  style: ReplyStyle,
  report: (error: unknown) => void,
): Promise<void> {
  let isOver = false;
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const fail = (error: unknown) => {
      if (isOver) report(error);
      isOver = true;
      reject(error as Error);
    };
    const complete = () => {
      isOver = true;
      resolve();
    };
    try {
      // In the stream, where an error is the stream's: rxjs throws that of a subscriber at the process.
      values.pipe(tap((value) => client && sendItem(client, value, style))).subscribe({ error: fail, complete });
    } catch (error) {
      fail(error);
    }
  });
}

function sendItem(client: Client, value: unknown, style: ReplyStyle): void {
  if (typeof value === 'object' && value !== null && isUnresolved(value))
    throw new TypeError(
      'A stream of replies has a promise or a stream as a value: flatten it with mergeMap() or await.',
    );
  sendReply(client, value, style);
}

/** As JSON it would be `{}`. */
function isUnresolved(value: object): boolean {
  const { then, next } = value as { then?: unknown; next?: unknown };
  if (typeof then === 'function' || typeof next === 'function') return true;
  return Symbol.asyncIterator in value || isObservable(value);
}

function isEvent(value: unknown): value is { event: string; data?: unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { event?: unknown }).event === 'string';
}
