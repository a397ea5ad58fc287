/** A message `{ "event", "data", "id"? }`, as Nest's ws adapter has it. */
export interface EventMessage {
  readonly event: string;
  readonly data?: unknown;
  readonly id?: unknown;
}

/** The event that a text is, if it is one. */
export function parseEvent(text: string): EventMessage | undefined {
  // Spares plain text the price of a thrown SyntaxError.
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const message = JSON.parse(text) as EventMessage;
    return typeof message.event === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
