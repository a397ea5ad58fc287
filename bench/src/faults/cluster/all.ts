import type { Fault } from '../fault.js';
import { clockJumps } from './clock.js';
import { rollingDeploy } from './deploy.js';
import { EDGE_FAULTS } from './edges/all.js';
import { killOfNode } from './kill.js';
import { PARTITIONS } from './partitions.js';
import { race } from './race.js';
import { REDIS_FAULTS } from './redis-away.js';
import { zombie } from './zombie.js';

/** Faults of a cluster, in the order of a run. */
export const CLUSTER_FAULTS: readonly Fault[] = [
  killOfNode,
  zombie,
  rollingDeploy,
  ...PARTITIONS,
  ...REDIS_FAULTS,
  clockJumps,
  race,
  ...EDGE_FAULTS,
];
