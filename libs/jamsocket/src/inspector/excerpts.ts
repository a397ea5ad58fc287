/** The text; if it is too long, its beginning and its length. */
export function cutText(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
}

/** The first values. Reads no more than `count` values. */
export function firstOf<T>(values: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  if (count <= 0) return first;
  for (const value of values) {
    first.push(value);
    if (first.length >= count) break;
  }
  return first;
}
