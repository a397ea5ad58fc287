import { RequestMethod } from '@nestjs/common';

/** The parts of a route that decide whether two routes clash. */
export interface RoutePattern {
  readonly method: RequestMethod;
  /** Segments of the whole path, including prefixes. */
  readonly segments: readonly string[];
  /** The route takes only requests of one version or one host, and passes on the rest. */
  readonly isSelective: boolean;
}

export function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** Whether `first` takes every request that `second` matches. */
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
  // Express ignores case by default.
  return /^:\w+$/.test(first) || first.toLowerCase() === second.toLowerCase();
}

/** `*`, `*rest`, `{*rest}` and `(.*)` match the whole rest of the path. */
function isWildcard(segment: string): boolean {
  return /^(?:\*\w*|\{\*\w*\}|\(\.\*\))$/.test(segment);
}
