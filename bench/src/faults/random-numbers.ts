/** The same in every run with the same seed: a linear congruential generator, of which the upper bits are good. */
export function randomNumbers(seed = 1): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 16;
}
