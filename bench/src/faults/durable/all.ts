import type { Fault } from '../fault.js';
import { STORE_KINDS } from './open-store.js';
import { fullDisk } from './full-disk.js';
import { killOn } from './kill.js';
import { midCommitOn } from './mid-commit.js';
import { hangingOn, refusingOn } from './outage.js';
import { restartsOn } from './restarts.js';
import { timersOn } from './timers.js';
import { unreadableOn } from './unreadable.js';
import { watchMode } from './watch-mode.js';
import { zombieOn } from './zombie.js';

/** Faults of durable rooms, in the order of a run. */
export const DURABLE_FAULTS: readonly Fault[] = [
  ...STORE_KINDS.map(killOn),
  ...STORE_KINDS.map(midCommitOn),
  ...STORE_KINDS.map(restartsOn),
  watchMode,
  ...STORE_KINDS.map(unreadableOn),
  fullDisk,
  ...STORE_KINDS.map(hangingOn),
  ...STORE_KINDS.map(refusingOn),
  ...STORE_KINDS.map(timersOn),
  ...STORE_KINDS.map(zombieOn),
];
