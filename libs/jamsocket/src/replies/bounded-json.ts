const TOO_LONG = new Error('The JSON is too long.');

/**
 * JSON of at most `max` characters. Stops as soon as the limit is certainly exceeded.
 * @returns `undefined` if the JSON is longer, or the value has none
 * @throws the error of `JSON.stringify`
 */
export function boundedJson(value: unknown, max: number): string | undefined {
  let left = max;
  const count = (_key: string, part: unknown): unknown => {
    left -= typeof part === 'string' ? part.length + 2 : 1;
    if (left < 0) throw TOO_LONG;
    return part;
  };
  try {
    const json = JSON.stringify(value, count) as string | undefined;
    return json === undefined || json.length > max ? undefined : json;
  } catch (error) {
    if (error === TOO_LONG) return undefined;
    throw error;
  }
}
