import type { JamsocketOptions, RoomOptions } from './options.js';
import type { ResolvedOptions, ResolvedRoomOptions } from './resolved.js';
import { durable } from './durable.js';
import {
  boolean,
  integer,
  isPlainObject,
  MAX_BYTES,
  milliseconds,
  object,
  offOrInteger,
  requireKnown,
  type Rule,
} from './rules.js';
import {
  cluster,
  heartbeat,
  http,
  inboundRateLimit,
  origins,
  placement,
  rateLimit,
  resume,
  roomIds,
  shutdownAfterMs,
  store,
  subprotocols,
  urlPath,
} from './values.js';

const MAX_COUNT = 2 ** 31 - 1;

/**
 * Checks the module's options and fills in the defaults.
 * @throws JamsocketConfigurationError that names the option's path, the value and the allowed values
 */
export function resolveOptions(given: JamsocketOptions = {}): ResolvedOptions {
  return allRules()(given, 'JamsocketModule.forRoot: options');
}

/** The options of one service: the module's, overridden by those of its decorator. `where` begins the error messages. */
export function resolveRoomOptions(module: JamsocketOptions, service: RoomOptions, where: string): ResolvedRoomOptions {
  requireKnown(service, roomRules(limitRules), where);
  if (isPlainObject(service.limits)) requireKnown(service.limits, limitRules, `${where}.limits`);
  const limits = {
    ...module.limits,
    ...service.limits,
    mailbox: { ...module.limits?.mailbox, ...service.limits?.mailbox },
  };
  const merged = (name: 'durable' | 'heartbeat' | 'resume') => {
    const [general, own] = [module[name], service[name]];
    return isPlainObject(general) && isPlainObject(own) ? { [name]: { ...general, ...own } } : {};
  };
  return allRules()(
    { ...module, ...service, limits, ...merged('durable'), ...merged('heartbeat'), ...merged('resume') },
    where,
  );
}

const allRules = () => object<ResolvedOptions>({ ...roomRules(globalLimitRules), ...moduleRules });

const limitRules = {
  maxPayloadBytes: integer(1, MAX_BYTES, 1024 * 1024),
  maxFragments: integer(1, MAX_COUNT, 64),
  maxBufferedChunks: integer(1, MAX_COUNT, 1024),
  maxPendingAutoPongs: integer(1, MAX_COUNT, 60),
  maxBufferedBytes: integer(1024, MAX_BYTES, 4 * 1024 * 1024),
  maxStateBytes: integer(1024, MAX_BYTES, 1024 * 1024),
  mailbox: object({ maxEvents: integer(1, MAX_COUNT, 1024), maxBytes: integer(1, MAX_BYTES, 8 * 1024 * 1024) }),
  messagesPerSecond: inboundRateLimit,
  bytesPerSecond: inboundRateLimit,
  maxClientsPerRoom: offOrInteger(1, MAX_COUNT),
  maxRooms: offOrInteger(1, MAX_COUNT),
  maxRoomIdLength: integer(1, 2048, 128),
  handshakeTimeoutMs: milliseconds(1, 10_000),
};

const globalLimitRules = {
  ...limitRules,
  maxConnections: offOrInteger(1, MAX_COUNT),
  maxConnectionsPerIp: offOrInteger(1, MAX_COUNT),
  connectsPerSecondPerIp: rateLimit,
};

const roomRules = (limits: Record<string, Rule<unknown>>): Record<string, Rule<unknown>> => ({
  roomIds,
  shutdown: shutdownAfterMs,
  unjoinedMs: milliseconds(1, 60_000),
  handlerTimeoutMs: milliseconds(1, 30_000),
  heartbeat,
  resume,
  origins,
  subprotocols,
  coalesce: boolean(true),
  durable,
  limits: object(limits),
});

const moduleRules: Record<string, Rule<unknown>> = {
  path: urlPath,
  http,
  trustProxy: integer(0, 100, 0),
  store,
  cluster,
  placement,
  shutdownGraceMs: milliseconds(0, 5_000),
  flushIntervalMs: integer(0, 1_000, 0),
};
