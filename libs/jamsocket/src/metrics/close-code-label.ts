/**
 * A close code as a label. Clients choose their codes: those that mean something in RFC 6455 section 7.4 keep their
 * number, the ranges of libraries and applications are one value each, so there are never more than some twenty.
 */
export function closeCodeLabel(code: number): string {
  if (code >= 1000 && code <= 1015) return String(code);
  if (code >= 3000 && code <= 3999) return '3xxx';
  if (code >= 4000 && code <= 4999) return '4xxx';
  return 'other';
}
