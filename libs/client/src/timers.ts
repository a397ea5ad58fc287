/** `setTimeout` fires at once beyond this. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Calls back after so many milliseconds, however many: never after Infinity. @returns cancels it */
export function after(ms: number, callback: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number) => {
    const rest = left - MAX_TIMEOUT_MS;
    timer = rest > 0 ? setTimeout(wait, MAX_TIMEOUT_MS, rest) : setTimeout(callback, left);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** @throws TypeError if one of these is given and is no number from 0 to Infinity */
export function checkNumbers(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw new TypeError(`${name} is ${value as string}: give a number from 0 on, or Infinity`);
}
