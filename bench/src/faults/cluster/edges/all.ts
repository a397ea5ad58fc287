import type { Fault } from '../../fault.js';
import { deadEdge } from './dead-edge.js';
import { floodedRelay } from './flooded-relay.js';
import { stoppedEdge } from './stopped-edge.js';
import { unreadEdge } from './unread-edge.js';

export const EDGE_FAULTS: readonly Fault[] = [unreadEdge, floodedRelay, stoppedEdge, deadEdge];
