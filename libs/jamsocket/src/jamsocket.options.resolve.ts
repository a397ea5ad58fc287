import type { CanActivate } from '@nestjs/common';
import type {
  HttpOptions,
  InboundRateLimit,
  JamsocketOptions,
  Origins,
  RateLimit,
  RoomIds,
  RoomOptions,
} from './jamsocket.options.js';

import {
  badOption,
  boolean,
  integer,
  isPlainObject,
  object,
  offOrInteger,
  requireKnown,
  subprotocols,
  type Rule,
} from './jamsocket.options.rules.js';

/** The options of one service with every default filled in. */
export interface ResolvedRoomOptions {
  readonly roomIds: RoomIds;
  /** Milliseconds from empty to stopping; `Infinity` for `never`. */
  readonly shutdownAfterMs: number;
  readonly unjoinedMs: number;
  readonly handlerTimeoutMs: number;
  readonly heartbeat: false | { readonly intervalMs: number; readonly timeoutMs: number };
  readonly resume: { readonly windowMs: number; readonly maxLogBytes: number };
  readonly origins: Origins;
  /** `undefined` where any will do. */
  readonly subprotocols: readonly string[] | undefined;
  readonly coalesce: boolean;
  readonly limits: ResolvedRoomLimits;
}

export interface ResolvedRoomLimits {
  readonly maxPayloadBytes: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  readonly maxPendingAutoPongs: number;
  readonly maxBufferedBytes: number;
  readonly mailbox: { readonly maxEvents: number; readonly maxBytes: number };
  readonly messagesPerSecond: false | Required<InboundRateLimit>;
  readonly bytesPerSecond: false | Required<InboundRateLimit>;
  readonly maxClientsPerRoom: number;
  readonly maxRooms: number;
  readonly maxRoomIdLength: number;
  readonly handshakeTimeoutMs: number;
}

/** The options of the module with every default filled in. */
export interface ResolvedOptions extends ResolvedRoomOptions {
  readonly path: string;
  readonly http: false | Required<HttpOptions>;
  readonly shutdownGraceMs: number;
  readonly flushIntervalMs: number;
  readonly trustProxy: number;
  readonly limits: ResolvedLimits;
}

export interface ResolvedLimits extends ResolvedRoomLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  readonly connectsPerSecondPerIp: false | Required<RateLimit>;
}

/** Node turns a longer delay into 1 ms (the timer's count is a signed 32-bit integer). */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const MAX_BYTES = 2 ** 31 - 1;
const MAX_COUNT = 2 ** 31 - 1;

/**
 * Checks the module's options and fills in the defaults.
 * @throws JamsocketConfigurationError that names the option's path, the value and what is allowed
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
  const merged = (name: 'heartbeat' | 'resume') => {
    const [general, own] = [module[name], service[name]];
    return isPlainObject(general) && isPlainObject(own) ? { [name]: { ...general, ...own } } : {};
  };
  return allRules()({ ...module, ...service, limits, ...merged('heartbeat'), ...merged('resume') }, where);
}

const allRules = () => object<ResolvedOptions>({ ...roomRules(globalLimitRules), ...moduleRules });

const milliseconds = (min: number, byDefault: number) => integer(min, MAX_TIMEOUT_MS, byDefault);

const limitRules = {
  maxPayloadBytes: integer(1, MAX_BYTES, 1024 * 1024),
  maxFragments: integer(1, MAX_COUNT, 64),
  maxBufferedChunks: integer(1, MAX_COUNT, 1024),
  maxPendingAutoPongs: integer(1, MAX_COUNT, 60),
  maxBufferedBytes: integer(1024, MAX_BYTES, 4 * 1024 * 1024),
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
  limits: object(limits),
});

const moduleRules: Record<string, Rule<unknown>> = {
  path: urlPath,
  http,
  trustProxy: integer(0, 100, 0),
  shutdownGraceMs: milliseconds(0, 5_000),
  flushIntervalMs: integer(0, 1_000, 0),
};

function rateLimit(value: unknown = false, path: string): false | Required<RateLimit> {
  if (value === false) return false;
  const given = typeof value === 'number' ? { rate: value } : value;
  if (!isPlainObject(given)) throw badOption(path, value, 'false, a number, or an object with rate and burst');
  requireKnown(given, { rate: true, burst: true }, path);
  const { rate, burst } = given;
  const isPositive = (n: unknown) => typeof n === 'number' && Number.isFinite(n) && n > 0;
  if (!isPositive(rate) || (burst !== undefined && (!isPositive(burst) || (burst as number) < 1))) {
    throw badOption(
      path,
      value,
      'false, a positive number, or { rate, burst } with a positive rate and a burst of at least 1',
    );
  }
  return { rate: rate as number, burst: (burst as number | undefined) ?? Math.max(1, (rate as number) * 2) };
}

function inboundRateLimit(value: unknown = false, path: string): false | Required<InboundRateLimit> {
  const { excess = 'close', ...rest } = isPlainObject(value) ? value : {};
  if (excess !== 'close' && excess !== 'drop') throw badOption(`${path}.excess`, excess, "'close' or 'drop'");
  const limit = rateLimit(isPlainObject(value) ? rest : value, path);
  return limit && { ...limit, excess };
}

function roomIds(value: unknown = 'implicit', path: string): RoomIds {
  const isKnown =
    typeof value === 'function' ||
    (typeof value === 'string' && /^(implicit|api|uuid|short([3-9]|1[0-2])?)$/.test(value));
  if (!isKnown)
    throw badOption(
      path,
      value,
      "'implicit', 'api', 'short', 'short3' to 'short12', 'uuid' or a function that returns an id",
    );
  return value as RoomIds;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, sec: 1_000, min: 60_000, h: 3_600_000 };

function shutdownAfterMs(value: unknown = 'immediate', path: string): number {
  if (value === 'never') return Infinity;
  if (value === 'immediate') return 0;
  const [, amount, unit] = (typeof value === 'string' && /^(\d+)\s*(ms|s|sec|min|h)$/.exec(value)) || [];
  const ms = amount
    ? Number(amount) * UNITS_MS[unit]
    : isPlainObject(value) && Object.keys(value).length === 1
      ? value.afterMs
      : undefined;
  if (!Number.isSafeInteger(ms) || (ms as number) < 0 || (ms as number) > MAX_TIMEOUT_MS) {
    throw badOption(
      path,
      value,
      `'never', 'immediate', a duration such as '30sec', or { afterMs } from 0 to ${MAX_TIMEOUT_MS}`,
    );
  }
  return ms as number;
}

function heartbeat(value: unknown, path: string): ResolvedRoomOptions['heartbeat'] {
  if (value === false) return false;
  const rules = { intervalMs: milliseconds(1_000, 10_000), timeoutMs: milliseconds(3_000, 20_000) };
  const resolved = object<{ intervalMs: number; timeoutMs: number }>(rules)(value, path);
  if (resolved.timeoutMs <= resolved.intervalMs) {
    throw badOption(`${path}.timeoutMs`, resolved.timeoutMs, `more than intervalMs, which is ${resolved.intervalMs}`);
  }
  return resolved;
}

function resume(value: unknown, path: string): ResolvedRoomOptions['resume'] {
  const rules = { windowMs: milliseconds(0, 30_000), maxLogBytes: integer(0, MAX_BYTES, 1024 * 1024) };
  const resolve = object<ResolvedRoomOptions['resume']>(rules);
  return resolve(value === false ? { windowMs: 0 } : value, path);
}

function origins(value: unknown = 'same-host', path: string): Origins {
  if (value === '*' || value === 'same-host' || typeof value === 'function') return value as Origins;
  if (!Array.isArray(value)) throw badOption(path, value, "'same-host', '*', a list of origins or a function");
  for (const origin of value) {
    if (typeof origin !== 'string' || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw badOption(
        path,
        origin,
        'an origin such as https://app.example.com, with scheme and host and nothing after them',
      );
    }
  }
  return value as string[];
}

function urlPath(value: unknown = '/ws', path: string): string {
  if (value === '/') return '';
  if (typeof value !== 'string' || !/^(\/[\w\-.~]+)+$/.test(value)) {
    throw badOption(
      path,
      value,
      "a path such as '/ws': it starts with a slash, ends without one and has no parameters",
    );
  }
  return value;
}

function http(value: unknown = true, path: string): ResolvedOptions['http'] {
  if (value === false) return false;
  const guards: Rule<unknown> = (given = [], where) => {
    if (!Array.isArray(given) || !given.every(isGuard)) throw badOption(where, given, 'a list of guards');
    return given as unknown[];
  };
  const prefix: Rule<string> = (given, where) => (given === undefined || given === '' ? '' : urlPath(given, where));
  const isOptions = isPlainObject(value);
  if (value !== true && !isOptions) throw badOption(path, value, 'true, false or { prefix, guards }');
  return object<Required<HttpOptions>>({ prefix, guards })(isOptions ? value : {}, path);
}

function isGuard(value: unknown): boolean {
  return typeof value === 'function' || typeof (value as CanActivate | undefined)?.canActivate === 'function';
}
