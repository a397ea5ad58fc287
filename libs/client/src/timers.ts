/** With a longer delay, `setTimeout` fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Like `setTimeout`, but without a maximum; Infinity never fires. @returns a function that cancels the timer */
export function after(ms: number, callback: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number) => {
    const rest = left - MAX_TIMEOUT_MS;
    timer = rest > 0 ? setTimeout(wait, MAX_TIMEOUT_MS, rest) : setTimeout(callback, left);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** @throws TypeError if a defined value is not a number from 0 to Infinity */
export function checkNumbers(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw new TypeError(`${name} is ${value as string}: it must be a number from 0 to Infinity`);
}
