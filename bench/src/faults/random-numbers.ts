/** The same in every run: a linear congruential generator, of which the upper bits are good. */
export function randomNumbers(): () => number {
  let state = 1;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 16;
}
