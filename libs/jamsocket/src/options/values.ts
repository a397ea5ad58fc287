import type { ClusterDriver } from '../cluster/cluster-driver.js';
import type { RoomStore } from '../store/room-store.js';
import { canonicalOrigin, parseWebOrigin } from '../base/web-origin.js';
import type { HttpOptions, InboundRateLimit, Origins, RateLimit, RoomIds } from './options.js';
import type { ResolvedOptions, ResolvedRoomOptions } from './resolved.js';
import { MAX_TIMEOUT_MS } from '../base/sources.js';
import {
  badOption,
  boolean,
  guardList,
  HTTP_TOKEN,
  integer,
  isPlainObject,
  MAX_BYTES,
  milliseconds,
  object,
  requireKnown,
  type Rule,
} from './rules.js';

export function rateLimit(value: unknown = false, path: string): false | Required<RateLimit> {
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

export function inboundRateLimit(value: unknown = false, path: string): false | Required<InboundRateLimit> {
  const { excess = 'close', ...rest } = isPlainObject(value) ? value : {};
  if (excess !== 'close' && excess !== 'drop') throw badOption(`${path}.excess`, excess, "'close' or 'drop'");
  const limit = rateLimit(isPlainObject(value) ? rest : value, path);
  return limit && { ...limit, excess };
}

export function roomIds(value: unknown = 'implicit', path: string): RoomIds {
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

export function shutdownAfterMs(value: unknown = 'immediate', path: string): number {
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

export function heartbeat(value: unknown, path: string): ResolvedRoomOptions['heartbeat'] {
  if (value === false) return false;
  const rules = { intervalMs: milliseconds(1_000, 10_000), timeoutMs: milliseconds(3_000, 20_000) };
  const resolved = object<{ intervalMs: number; timeoutMs: number }>(rules)(value, path);
  if (resolved.timeoutMs <= resolved.intervalMs) {
    throw badOption(`${path}.timeoutMs`, resolved.timeoutMs, `more than intervalMs, which is ${resolved.intervalMs}`);
  }
  return resolved;
}

export function resume(value: unknown, path: string): ResolvedRoomOptions['resume'] {
  const rules = { windowMs: milliseconds(0, 30_000), maxLogBytes: integer(0, MAX_BYTES, 1024 * 1024) };
  const resolve = object<ResolvedRoomOptions['resume']>(rules);
  return resolve(value === false ? { windowMs: 0 } : value, path);
}

export function origins(value: unknown = 'same-host', path: string): Origins {
  if (value === '*' || value === 'same-host' || typeof value === 'function') return value as Origins;
  if (!Array.isArray(value)) throw badOption(path, value, "'same-host', '*', a list of origins or a function");
  return value.map((origin: unknown) => {
    const page = typeof origin === 'string' ? parseWebOrigin(origin) : undefined;
    const canonical = page && canonicalOrigin(page);
    if (canonical !== undefined) return canonical;
    throw badOption(
      path,
      origin,
      'an origin such as https://app.example.com, with scheme and host and nothing after them',
    );
  });
}

/** A list of different subprotocols, or `undefined`. */
export function subprotocols(value: unknown, path: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const isToken = (item: unknown) => typeof item === 'string' && HTTP_TOKEN.test(item);
  if (!Array.isArray(value) || !value.every(isToken) || new Set(value).size < value.length)
    throw badOption(path, value, "a list of different subprotocols such as 'chat.v1', without spaces or commas");
  return value as string[];
}

export function urlPath(value: unknown = '/ws', path: string): string {
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

export function http(value: unknown = false, path: string): ResolvedOptions['http'] {
  if (value === false) return false;
  const prefix: Rule<string> = (given, where) => (given === undefined || given === '' ? '' : urlPath(given, where));
  const isOptions = isPlainObject(value);
  if (value !== true && !isOptions) throw badOption(path, value, 'true, false or { prefix, guards, swagger }');
  return object<Required<HttpOptions>>({ prefix, guards: guardList, swagger: boolean(false) })(
    isOptions ? value : {},
    path,
  );
}

const STORE_METHODS = ['claim', 'close', 'commit', 'describe', 'due', 'has', 'list'];

export function store(value: unknown, path: string): RoomStore | undefined {
  if (value === undefined) return undefined;
  const given = value as Record<string, unknown> | null;
  if (typeof given !== 'object' || given === null || !STORE_METHODS.every((name) => typeof given[name] === 'function'))
    throw badOption(path, value, 'a RoomStore, such as new LmdbStore({ path })');
  return value as RoomStore;
}

const CLUSTER_METHODS = ['check', 'openDirectory', 'openRelay'];

export function cluster(value: unknown, path: string): ClusterDriver | undefined {
  if (value === undefined) return undefined;
  const given = value as Record<string, unknown> | null;
  if (
    typeof given !== 'object' ||
    given === null ||
    !CLUSTER_METHODS.every((name) => typeof given[name] === 'function')
  )
    throw badOption(path, value, 'a cluster driver, such as new RedisCluster({ redis })');
  return value as ClusterDriver;
}

export function placement(value: unknown = 'local', path: string): ResolvedOptions['placement'] {
  if (value !== 'local' && value !== 'leastLoaded') throw badOption(path, value, "'local' or 'leastLoaded'");
  return value;
}
