import { SetMetadata } from '@nestjs/common';
import { PRESENCE_METADATA, type PresenceMetadata } from './metadata.js';
import { isStandardSchema, type StandardSchema } from './standard-schema.js';

/** Options of `@Presence`. */
export interface PresenceOptions {
  /** Milliseconds for which changes are gathered, 0 to 60,000; 0 for one tick of the event loop. Default 50. */
  everyMs?: number;
  /** Largest value of a client as JSON, in bytes, up to 65,536. Default 1,024. */
  maxBytes?: number;
  /** Most clients that are shown; further clients see the others, and are shown when one leaves. Default 1,000. */
  maxClients?: number;
  /** Whether clients set their own values. If `false`, only `ctx.presence.set` does. Default `true`. */
  byClients?: boolean;
}

/**
 * Shows the clients of a room to each other: who is here and who is away, with a small value of each, such as a name or the
 * position of a cursor. For classes with `@JamsocketService()`.
 *
 * Clients set their values with `room.presence.set(value)` of `jamsocket-client`; the schema validates them.
 * @throws JamsocketConfigurationError at boot, for an invalid schema or option
 */
export function Presence(options?: PresenceOptions): ClassDecorator;
export function Presence(schema: StandardSchema, options?: PresenceOptions): ClassDecorator;
export function Presence(first?: StandardSchema | PresenceOptions, second?: PresenceOptions): ClassDecorator {
  const isSchema = second !== undefined || isStandardSchema(first);
  const metadata: PresenceMetadata = isSchema
    ? { schema: first, options: second }
    : { schema: undefined, options: first };
  return SetMetadata(PRESENCE_METADATA, metadata);
}
