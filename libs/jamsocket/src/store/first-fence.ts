/**
 * The first fence of a new record: the time in microseconds, or `minFence` if that is larger. If the room was deleted just
 * before, this is larger than the fences of the deleted record, so late writes to that record are refused.
 */
export function firstFence(minFence: number): number {
  return Math.max(Math.floor((performance.timeOrigin + performance.now()) * 1_000), minFence);
}
