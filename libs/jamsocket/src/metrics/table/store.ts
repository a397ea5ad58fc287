import type { MetricDefinition } from '../metric-definition.js';

/** Durable rooms and their store. */
export const STORE_METRICS = {
  roomsRestored: {
    type: 'counter',
    description: 'Durable rooms that were restored from the store, by how the instance before ended.',
    unit: '{room}',
    labels: ['service', 'reason'],
  },
  roomsFenced: {
    type: 'counter',
    description: 'Instances of durable rooms that stopped because another process took the room over.',
    unit: '{room}',
    labels: ['service'],
  },
  saves: {
    type: 'counter',
    description: 'Saves of durable rooms that are in the store.',
    unit: '{save}',
    labels: ['service'],
  },
  savedBytes: {
    type: 'counter',
    description: 'Bytes that these saves have written: what had changed.',
    unit: 'By',
    labels: ['service'],
  },
  gatedRooms: {
    type: 'gauge',
    description: 'Rooms whose messages wait at the output gate until they are saved.',
    unit: '{room}',
    labels: ['service'],
  },
  gatedBytes: {
    type: 'gauge',
    description: 'Bytes of the messages that wait at the output gate.',
    unit: 'By',
    labels: ['service'],
  },
  gateWait: {
    type: 'histogram',
    description: 'Time at the output gate, of the oldest message that a save lets pass.',
    unit: 's',
    labels: ['service'],
  },
  commits: {
    type: 'counter',
    description: 'Commits that the store has taken, each with the saves of one or more rooms.',
    unit: '{commit}',
    labels: [],
  },
  commitDuration: {
    type: 'histogram',
    description: 'Time from giving a commit to the store until it was durable.',
    unit: 's',
    labels: [],
  },
  storeErrors: {
    type: 'counter',
    description: 'Failures of the store, and answers that did not come in time, by what it was asked.',
    unit: '{error}',
    labels: ['operation'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
