import type { MetricDefinition } from '../metric-definition.js';

/** The cluster, and the relay between its processes. */
export const CLUSTER_METRICS = {
  clusterNodes: {
    type: 'gauge',
    description: 'Processes of the cluster whose leases are alive, as this one knows.',
    unit: '{node}',
    labels: [],
    isSum: false,
  },
  leaseAge: {
    type: 'gauge',
    description: 'Time since the last confirmed renewal of the lease was sent. The lease lives for 2 s.',
    unit: 's',
    labels: [],
    isSum: false,
  },
  claims: {
    type: 'counter',
    description: 'Claims of rooms, by outcome.',
    unit: '{claim}',
    labels: ['outcome'],
  },
  failovers: {
    type: 'counter',
    description: 'Rooms that this process took over from one whose lease had ended.',
    unit: '{room}',
    labels: [],
  },
  clusterRoomsLost: {
    type: 'counter',
    description: 'Rooms that stopped here since another process owns them, or may own them.',
    unit: '{room}',
    labels: [],
  },
  suspensions: {
    type: 'counter',
    description: 'Times that all rooms paused, since the lease might have run out.',
    unit: '{suspension}',
    labels: [],
  },
  leasesLost: {
    type: 'counter',
    description: 'Leases that were lost, with all rooms of this process.',
    unit: '{lease}',
    labels: [],
  },
  linksUp: {
    type: 'gauge',
    description: 'Links with other processes that are up.',
    unit: '{link}',
    labels: [],
  },
  relayMessagesSent: {
    type: 'counter',
    description: 'Messages to other processes, and one each second to itself.',
    unit: '{message}',
    labels: [],
  },
  relayBytesSent: { type: 'counter', description: 'Bytes of these messages.', unit: 'By', labels: [] },
  relayMessagesReceived: {
    type: 'counter',
    description: 'Messages from other processes, and from itself.',
    unit: '{message}',
    labels: [],
  },
  relayBytesReceived: { type: 'counter', description: 'Bytes of these messages.', unit: 'By', labels: [] },
  relayWaitingBytes: {
    type: 'gauge',
    description: 'Bytes that wait until other processes can take them.',
    unit: 'By',
    labels: [],
  },
  relayCreditBytes: {
    type: 'gauge',
    description: 'Bytes that other processes may send to this one and that have not arrived.',
    unit: 'By',
    labels: [],
  },
  relayGaps: {
    type: 'counter',
    description: 'Times that messages of another process were missed, and sent again.',
    unit: '{gap}',
    labels: [],
  },
  relayReconnects: {
    type: 'counter',
    description: 'Times that this process did not hear itself, and connected again.',
    unit: '{reconnect}',
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
