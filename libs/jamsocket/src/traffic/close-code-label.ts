/**
 * A close code as a metric label. Clients choose their codes, so the number of values is limited to about twenty: codes of
 * RFC 6455 section 7.4 keep their number, and the ranges of libraries and applications have one value each.
 */
export function closeCodeLabel(code: number): string {
  if (code >= 1000 && code <= 1015) return String(code);
  if (code >= 3000 && code <= 3999) return '3xxx';
  if (code >= 4000 && code <= 4999) return '4xxx';
  return 'other';
}
