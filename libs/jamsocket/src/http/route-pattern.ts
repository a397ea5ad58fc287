import { RequestMethod } from '@nestjs/common';

/** A route as far as two of them can get in each other's way. */
export interface RoutePattern {
  readonly method: RequestMethod;
  /** Of the whole path, prefixes included. */
  readonly segments: readonly string[];
  /** It only takes requests of one version or one host, and passes the rest on. */
  readonly isSelective: boolean;
}

export function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** Whether `first` takes every request that `second` is for. */
export function hides(first: RoutePattern, second: RoutePattern): boolean {
  if (first.isSelective || !coversMethod(first.method, second.method)) return false;
  const { length } = first.segments;
  for (const [at, segment] of first.segments.entries()) {
    if (isWildcard(segment)) return at === length - 1;
    if (at >= second.segments.length || !coversSegment(segment, second.segments[at])) return false;
  }
  return length === second.segments.length;
}

function coversMethod(first: RequestMethod, second: RequestMethod): boolean {
  return first === second || first === RequestMethod.ALL;
}

function coversSegment(first: string, second: string): boolean {
  if (isWildcard(second)) return false;
  // Express takes both cases for the same by default.
  return /^:\w+$/.test(first) || first.toLowerCase() === second.toLowerCase();
}

/** `*`, `*rest`, `{*rest}`, `(.*)`: everything from there on. */
function isWildcard(segment: string): boolean {
  return /^(?:\*\w*|\{\*\w*\}|\(\.\*\))$/.test(segment);
}
