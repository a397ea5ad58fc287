const INCARNATION = /^[\w-]{1,64}$/;

export function isIncarnation(name: string): boolean {
  return INCARNATION.test(name);
}

/** @throws RangeError if it is not a valid name of an incarnation */
export function assertIncarnation(name: string): void {
  if (isIncarnation(name)) return;
  throw new RangeError(
    `An incarnation has 1 to 64 letters, digits, _ and -; it is ${JSON.stringify(String(name).slice(0, 100))}.`,
  );
}
