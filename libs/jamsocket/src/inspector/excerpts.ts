/** The text, or its beginning and how long it is. */
export function cutText(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
}

/** Reads no further than it has to. */
export function firstOf<T>(values: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  if (count <= 0) return first;
  for (const value of values) {
    first.push(value);
    if (first.length >= count) break;
  }
  return first;
}
