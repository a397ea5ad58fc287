import { PRESENCE_EVENT } from '../base/presence.js';
import { JamsocketConfigurationError } from '../base/errors.js';
import type { PresenceMetadata } from '../decorators/metadata.js';
import type { PresenceOptions } from '../decorators/presence.decorator.js';
import { isStandardSchema, type StandardSchema } from '../decorators/standard-schema.js';
import { boolean, integer, object } from '../options/rules.js';

/** The presence of one class's rooms, with every default filled in. */
export interface PresenceSettings extends Required<PresenceOptions> {
  readonly schema: StandardSchema | undefined;
}

/** Bytes of an entry besides its value: id, the longest user, punctuation. */
const ENTRY_BYTES = 600;
const rules = object<Required<PresenceOptions>>({
  everyMs: integer(0, 60_000, 50),
  maxBytes: integer(1, 65_536, 1_024),
  maxClients: integer(1, 100_000, 1_000),
  byClients: boolean(true),
});

/** @throws JamsocketConfigurationError */
export function presenceSettings(
  className: string,
  { schema, options }: PresenceMetadata,
  maxBufferedBytes: number,
  events: readonly string[],
): PresenceSettings {
  if (schema !== undefined && !isStandardSchema(schema))
    throw new JamsocketConfigurationError(
      `${className} has @Presence() with a schema that is not a Standard Schema: use one of zod, valibot, arktype or another library of https://standardschema.dev.`,
    );
  if (events.includes(PRESENCE_EVENT))
    throw new JamsocketConfigurationError(
      `${className} has @OnMessage('${PRESENCE_EVENT}'), which is the name of the messages of @Presence(): use another event.`,
    );
  const settings = rules(options, `@Presence() on ${className}: options`);
  // Whoever joins must have room for everyone, and for what follows.
  const bytes = settings.maxClients * (settings.maxBytes + ENTRY_BYTES);
  if (bytes > maxBufferedBytes / 2)
    throw new JamsocketConfigurationError(
      `@Presence() on ${className} may have ${bytes} bytes for a client that joins (maxClients * (maxBytes + ${ENTRY_BYTES})), but at most half of limits.maxBufferedBytes fits, which is ${maxBufferedBytes}: lower maxClients or maxBytes, or raise the limit.`,
    );
  return { schema, ...settings };
}
