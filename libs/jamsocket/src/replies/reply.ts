import { isObservable, tap, type Observable } from 'rxjs';
import type { Client } from '../members/client.js';

/** Id of a message; its reply has the same one. */
export type MessageId = string | number;

/** The form of a reply. `event` is the default name of the reply's event, `id` is that of the message. */
export interface ReplyStyle {
  readonly event?: string;
  readonly id?: MessageId;
}

/**
 * Sends a handler's result to the client. `{ event, data }` is sent as that event, with the message's `id`. Any other
 * result of an event handler becomes the data of the same event. A string or bytes from a handler of plain messages are
 * sent unchanged. `undefined` and `null` send nothing.
 */
export function sendReply(client: Client, value: unknown, { event, id }: ReplyStyle): void {
  if (value === undefined || value === null) return;
  if (isEvent(value)) sendEvent(client, value.event, value.data, id);
  else if (event !== undefined) sendEvent(client, event, value, id);
  else if (typeof value === 'string') client.sendMessage(value);
  else if (value instanceof Uint8Array) client.sendBinary(value);
  else client.sendMessage(JSON.stringify(value));
}

/** Sends an event; without `id` if the message had none. */
function sendEvent(client: Client, event: string, data: unknown, id: MessageId | undefined): void {
  client.sendMessage(JSON.stringify({ event, data, id }));
}

/**
 * Sends every value of the stream as a reply. Resolves when the stream completes; rejects when it fails.
 * @param report gets errors after that
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
      // Sent within the stream, so that an error fails the stream: rxjs turns a subscriber's error into an uncaught one.
      values.pipe(tap((value) => client && sendItem(client, value, style))).subscribe({ error: fail, complete });
    } catch (error) {
      fail(error);
    }
  });
}

function sendItem(client: Client, value: unknown, style: ReplyStyle): void {
  if (typeof value === 'object' && value !== null && isUnresolved(value))
    throw new TypeError('A stream of replies emitted a promise or a stream: flatten it with mergeMap() or await.');
  sendReply(client, value, style);
}

/** Whether it is a promise or a stream, whose JSON would be `{}`. */
function isUnresolved(value: object): boolean {
  const { then, next } = value as { then?: unknown; next?: unknown };
  if (typeof then === 'function' || typeof next === 'function') return true;
  return Symbol.asyncIterator in value || isObservable(value);
}

function isEvent(value: unknown): value is { event: string; data?: unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { event?: unknown }).event === 'string';
}
