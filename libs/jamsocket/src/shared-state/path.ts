/** A step of a path in an error message: `.name`, `[3]` or `["a name"]`. */
export function pathStep(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key.slice(0, 50)}` : `[${JSON.stringify(key.slice(0, 50))}]`;
}
