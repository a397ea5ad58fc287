/**
 * The fence of a record that is new: at least the time in microseconds. If the room was deleted just before, the new
 * fence is larger than those of the deleted record, so a late write to that is refused.
 */
export function firstFence(minFence: number): number {
  return Math.max(Math.floor((performance.timeOrigin + performance.now()) * 1_000), minFence);
}
