import type { DurableRoomOptions, Migrate } from './options.js';
import { MAX_TIMEOUT_MS } from '../base/sources.js';
import { badOption, integer, isPlainObject, MAX_BYTES, object, offOrInteger, type Rule } from './rules.js';

/** How a service's rooms are saved. */
export interface ResolvedDurable {
  /** `turn`: output leaves the room when the turn that sent it is saved. A number: milliseconds from a change to its save. */
  readonly save: 'turn' | number;
  readonly version: number;
  readonly migrate: Migrate | undefined;
  /** Milliseconds after which an unused room is deleted; `Infinity` for never. */
  readonly expireMs: number;
  /** Most bytes that wait at the output gate of one room. */
  readonly maxGatedBytes: number;
}

/** Ten years. For a longer time, use `false`. */
const MAX_EXPIRE_MS = 10 * 366 * 24 * 3_600_000;
const DEFAULT_SAVE_MS = 1_000;

const save: Rule<'turn' | number> = (value = { everyMs: DEFAULT_SAVE_MS }, path) => {
  if (value === 'turn') return 'turn';
  if (isPlainObject(value) && Object.keys(value).join() === 'everyMs')
    return integer(1, MAX_TIMEOUT_MS, DEFAULT_SAVE_MS)(value.everyMs, `${path}.everyMs`);
  throw badOption(path, value, "'turn' or { everyMs }");
};

const migrate: Rule<Migrate | undefined> = (value, path) => {
  if (value !== undefined && typeof value !== 'function') throw badOption(path, value, 'a function');
  return value as Migrate | undefined;
};

const rules: Record<keyof DurableRoomOptions, Rule<unknown>> = {
  save,
  version: integer(0, Number.MAX_SAFE_INTEGER, 1),
  migrate,
  expireMs: offOrInteger(1, MAX_EXPIRE_MS),
  maxGatedBytes: integer(1024, MAX_BYTES, 64 * 1024 * 1024),
};

/** `undefined` if the option is not set: then a class with `@State()` fields is durable. */
export function durable(value: unknown, path: string): ResolvedDurable | false | undefined {
  if (value === undefined || value === false) return value;
  if (value !== true && !isPlainObject(value))
    throw badOption(path, value, 'true, false or { save, version, migrate, expireMs, maxGatedBytes }');
  return object<ResolvedDurable>(rules)(value === true ? {} : value, path);
}

/** For a class with `@State()` fields that does not set `durable`. */
export const DEFAULT_DURABLE = object<ResolvedDurable>(rules)({}, 'durable');
