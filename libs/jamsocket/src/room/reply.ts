import { isObservable, tap, type Observable } from 'rxjs';
import type { Client } from '../members/client.js';
import type { MessageId, ReplyStyle } from './json-events.js';

export { isObservable };

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

/** Every value is a reply. Resolves when the stream completes, or when the room stops; rejects when it fails. */
export function streamReplies(
  values: Observable<unknown>,
  client: Client | undefined,
  style: ReplyStyle,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      signal.removeEventListener('abort', end);
      subscription.unsubscribe();
      resolve();
    };
    // In the stream, where an error is the stream's: rxjs throws that of a subscriber at the process.
    const replies = values.pipe(tap((value) => client && sendReply(client, value, style)));
    const subscription = replies.subscribe({
      error: (error) => {
        signal.removeEventListener('abort', end);
        reject(error as Error);
      },
      complete: () => {
        signal.removeEventListener('abort', end);
        resolve();
      },
    });
    if (!subscription.closed) signal.addEventListener('abort', end);
  });
}

function isEvent(value: unknown): value is { event: string; data?: unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { event?: unknown }).event === 'string';
}
