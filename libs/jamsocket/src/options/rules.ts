import type { CanActivate, Type } from '@nestjs/common';
import { inspect } from 'node:util';
import { JamsocketConfigurationError } from '../base/errors.js';
import { optionMistake } from '../base/checks/option-mistake.js';
import { MAX_TIMEOUT_MS } from '../base/sources.js';

/** Checks one value and returns its resolved form. `path` names the option in the error. */
export type Rule<T> = (value: unknown, path: string) => T;

/** RFC 7230 section 3.2.6: a token. RFC 6455 section 4.1 requires each subprotocol to be one. */
export const HTTP_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** `ws` stores the limits of its receiver as signed 32-bit integers. */
export const MAX_BYTES = 2 ** 31 - 1;

/** Options whose resolved name differs. */
const RESOLVED_NAMES: Readonly<Record<string, string>> = { shutdown: 'shutdownAfterMs' };

/** An object with these options and no others. */
export function object<T>(rules: Record<string, Rule<unknown>>): Rule<T> {
  return (value, path) => {
    const given = value ?? {};
    if (!isPlainObject(given)) throw badOption(path, value, `an object with ${Object.keys(rules).join(', ')}`);
    requireKnown(given, rules, path);
    const entries = Object.entries(rules).map(([key, rule]) => [
      RESOLVED_NAMES[key] ?? key,
      rule(given[key], `${path}.${key}`),
    ]);
    return Object.freeze(Object.fromEntries(entries)) as T;
  };
}

/** @throws JamsocketConfigurationError for an unknown option */
export function requireKnown(given: object, rules: object, path: string): void {
  const mistake = optionMistake(path, given, Object.keys(rules));
  if (mistake !== undefined) throw new JamsocketConfigurationError(mistake);
}

export function integer(min: number, max: number, byDefault: number): Rule<number> {
  return (value = byDefault, path) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw badOption(path, value, `a whole number from ${min} to ${max}`);
    }
    return value as number;
  };
}

/** Milliseconds, up to the longest delay of Node's timers. */
export const milliseconds = (min: number, byDefault: number) => integer(min, MAX_TIMEOUT_MS, byDefault);

export function offOrInteger(min: number, max: number): Rule<number> {
  return (value = false, path) => {
    if (value === false) return Infinity;
    try {
      return integer(min, max, min)(value, path);
    } catch {
      throw badOption(path, value, `false (no limit) or a whole number from ${min} to ${max}`);
    }
  };
}

export function boolean(byDefault: boolean): Rule<boolean> {
  return (value = byDefault, path) => {
    if (typeof value !== 'boolean') throw badOption(path, value, 'true or false');
    return value;
  };
}

/** Classes or instances of guards. Default none. */
export function guardList(value: unknown = [], path: string): readonly (Type<CanActivate> | CanActivate)[] {
  const isGuard = (item: unknown) =>
    typeof item === 'function' || typeof (item as CanActivate | null | undefined)?.canActivate === 'function';
  if (!Array.isArray(value) || !value.every(isGuard)) throw badOption(path, value, 'a list of guards');
  return value as (Type<CanActivate> | CanActivate)[];
}

/** An object with this method, if it is given. */
export function withMethod(method: string, what: string): Rule<unknown> {
  return (value, path) => {
    const given = value as Record<string, unknown> | null | undefined;
    if (given === undefined || typeof given?.[method] === 'function') return given;
    throw badOption(path, value, what);
  };
}

export function badOption(path: string, value: unknown, allowed: string): JamsocketConfigurationError {
  return new JamsocketConfigurationError(
    `${path} is ${inspect(value, { depth: 1, breakLength: Infinity })}, but must be ${allowed}.`,
  );
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
