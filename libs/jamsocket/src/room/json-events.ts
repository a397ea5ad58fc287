import { WsException } from '@nestjs/websockets';
import type { Handler, RoomInstance } from './room-definition.js';

/** How a message wants its reply: `event` names a reply that does not name itself, `id` is the message's own. */
export interface ReplyStyle {
  readonly event?: string;
  readonly id?: unknown;
}

export interface Routed extends ReplyStyle {
  readonly handler: Handler;
  readonly message: unknown;
}

/**
 * Which handler a text message is for: the one of its event, if it is JSON `{ "event", "data", "id"? }` as Nest's ws
 * adapter has it, or else the one for plain text.
 * @throws WsException if the room has no handler for it
 */
export function routeText(instance: RoomInstance, text: string): Routed {
  const parsed = parseEvent(text);
  const handler = parsed && instance.events.get(parsed.event);
  if (handler) return { handler, message: parsed.data, event: parsed.event, id: parsed.id };
  if (instance.text) return { handler: instance.text, message: text };
  if (parsed) throw new UnroutableMessage(`No handler for the event "${parsed.event.slice(0, 100)}".`, parsed.id);
  throw new UnroutableMessage(
    'The message is not JSON of the form { "event": string, "data": any, "id"?: any }.',
    undefined,
  );
}

/** Nobody handles this message; the sender is told so. */
export class UnroutableMessage extends WsException {
  constructor(
    message: string,
    readonly id: unknown,
  ) {
    super(message);
  }
}

function parseEvent(text: string): { event: string; data: unknown; id: unknown } | undefined {
  // Spares plain text the price of a thrown SyntaxError.
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const { event, data, id } = JSON.parse(text) as Record<string, unknown>;
    return typeof event === 'string' ? { event, data, id } : undefined;
  } catch {
    return undefined;
  }
}
