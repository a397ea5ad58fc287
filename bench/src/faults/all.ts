import { bombs } from './bombs.js';
import type { Fault } from './fault.js';
import { flood } from './flood.js';
import { halfOpen } from './half-open.js';
import { roomFlood } from './room-flood.js';
import { shutdown } from './shutdown.js';
import { soak } from './soak.js';
import { connectStorm } from './storm.js';
import { stuckReader } from './stuck-reader.js';

/** In the order of a run. */
export const FAULTS: readonly Fault[] = [stuckReader, halfOpen, connectStorm, flood, roomFlood, bombs, shutdown, soak];
