/** A message `{ "event", "data", "id"? }`, in the format of Nest's ws adapter. */
export interface EventMessage {
  readonly event: string;
  readonly data?: unknown;
  readonly id?: unknown;
  /** `request`: the room asks this client. */
  readonly jamsocket?: unknown;
}

/** The event in a text; `undefined` if the text is not an event. */
export function parseEvent(text: string): EventMessage | undefined {
  // Avoids an expensive SyntaxError for plain text.
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const message = JSON.parse(text) as EventMessage;
    return typeof message.event === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Answers a request of the room: with a value or a promise of one. What it throws, the room is told as a refusal. */
export type RequestHandler = (data: any) => unknown;
