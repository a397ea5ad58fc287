import { UnroutableMessage } from '../../replies/exceptions.js';
import type { MessageId, ReplyStyle } from '../../replies/reply.js';
import type { Handler, RoomInstance } from '../room-definition.js';

/** In characters. */
const MAX_ID_LENGTH = 128;

export interface Routed extends ReplyStyle {
  readonly handler: Handler;
  readonly message: unknown;
}

/**
 * The handler for a text message: that of its event if it is JSON `{ "event", "data", "id"? }` (the format of Nest's ws
 * adapter), otherwise the handler for plain text.
 * @throws UnroutableMessage if there is no such handler, or the `id` is invalid
 */
export function routeText(instance: RoomInstance, text: string): Routed {
  const parsed = parseEvent(text);
  const handler = parsed && instance.events.get(parsed.event);
  if (handler) return { handler, message: parsed.data, event: parsed.event, id: checkedId(parsed.id) };
  if (instance.text) return { handler: instance.text, message: text };
  if (parsed)
    throw new UnroutableMessage(
      'unknown_event',
      `No handler for the event "${parsed.event.slice(0, 100)}".`,
      checkedId(parsed.id),
    );
  throw new UnroutableMessage(
    'bad_message',
    'The message is not JSON of the form { "event": string, "data": any, "id"?: string | number }.',
    undefined,
  );
}

/** The `id` is sent back with the reply or the error, so it must be small and valid JSON. */
function checkedId(id: unknown): MessageId | undefined {
  if (id === undefined) return undefined;
  if (typeof id === 'string' && id.length <= MAX_ID_LENGTH) return id;
  if (typeof id === 'number' && Number.isFinite(id)) return id;
  throw new UnroutableMessage(
    'bad_id',
    `The "id" of a message is a string of at most ${MAX_ID_LENGTH} characters or a finite number.`,
    undefined,
  );
}

function parseEvent(text: string): { event: string; data: unknown; id: unknown } | undefined {
  // Plain text skips JSON.parse: throwing a SyntaxError for each message is expensive.
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const { event, data, id } = JSON.parse(text) as Record<string, unknown>;
    return typeof event === 'string' ? { event, data, id } : undefined;
  } catch {
    return undefined;
  }
}
