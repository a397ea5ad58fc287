/**
 * @param user the class that has the option, for the error
 * @throws TypeError if the prefix could change the hash tag of a key, which decides on its slot
 */
export function assertPrefix(user: string, prefix: string): void {
  if (typeof prefix === 'string' && /^[\w:.-]+$/.test(prefix)) return;
  throw new TypeError(`${user}: prefix ${JSON.stringify(prefix)} may have letters, digits and _ : . - only.`);
}
