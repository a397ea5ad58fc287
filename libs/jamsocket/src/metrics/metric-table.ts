/** One metric, independent of the backend. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly description: string;
  /** Unit in UCUM, as in OpenTelemetry. */
  readonly unit: string;
  /** Each label has few values, and clients cannot choose them. A room id is therefore never a label. */
  readonly labels: readonly MetricLabel[];
  /** `false` for a gauge whose values do not add up over processes. Default `true`. */
  readonly isSum?: boolean;
}

export type MetricLabel = 'service' | 'handler' | 'kind' | 'code' | 'fault' | 'reason' | 'operation' | 'outcome';

/** All metrics. docs/observability.md lists them. */
export const METRICS = {
  rooms: { type: 'gauge', description: 'Rooms that are running.', unit: '{room}', labels: ['service'] },
  clients: {
    type: 'gauge',
    description: 'Clients in the rooms, including those that are away.',
    unit: '{client}',
    labels: ['service'],
  },
  clientsAway: {
    type: 'gauge',
    description: 'Clients whose connection is lost and who may come back.',
    unit: '{client}',
    labels: ['service'],
  },
  mailboxEvents: {
    type: 'gauge',
    description: 'Events that wait in the mailboxes of rooms for their turn.',
    unit: '{event}',
    labels: ['service'],
  },
  bufferedBytes: {
    type: 'gauge',
    description: 'Bytes that were sent to clients and still wait in this process.',
    unit: 'By',
    labels: ['service'],
  },
  roomsStarted: { type: 'counter', description: 'Rooms that have started.', unit: '{room}', labels: ['service'] },
  roomsFailed: {
    type: 'counter',
    description: 'Rooms that could not be made.',
    unit: '{room}',
    labels: ['service'],
  },
  clientsConnected: {
    type: 'counter',
    description: 'Clients that have joined a room.',
    unit: '{client}',
    labels: ['service'],
  },
  clientsDisconnected: {
    type: 'counter',
    description: 'Clients that have left permanently, by close code.',
    unit: '{client}',
    labels: ['service', 'code'],
  },
  clientsLost: {
    type: 'counter',
    description: 'Connections that were lost while the place of their client was kept.',
    unit: '{client}',
    labels: ['service'],
  },
  clientsResumed: {
    type: 'counter',
    description: 'Clients that resumed on a new connection.',
    unit: '{client}',
    labels: ['service'],
  },
  connectionsRefused: {
    type: 'counter',
    description: 'Upgrades that were refused, by the code of the refusal.',
    unit: '{connection}',
    labels: ['code'],
  },
  messagesReceived: {
    type: 'counter',
    description: 'Messages of clients that rooms have accepted.',
    unit: '{message}',
    labels: ['service', 'kind'],
  },
  bytesReceived: {
    type: 'counter',
    description: 'Payload of these messages.',
    unit: 'By',
    labels: ['service', 'kind'],
  },
  messagesSent: {
    type: 'counter',
    description: 'Deliveries: a message counts once for each client it is for.',
    unit: '{message}',
    labels: ['service', 'kind'],
  },
  bytesSent: {
    type: 'counter',
    description: 'Payload of these deliveries.',
    unit: 'By',
    labels: ['service', 'kind'],
  },
  handlerDuration: {
    type: 'histogram',
    description: 'Time from the start of a turn until its reply was sent.',
    unit: 's',
    labels: ['service', 'handler'],
  },
  handlerErrors: {
    type: 'counter',
    description: 'Turns that failed, by fault: of the client or of the server.',
    unit: '{error}',
    labels: ['service', 'handler', 'fault'],
  },
  handlerTimeouts: {
    type: 'counter',
    description: 'Turns that took longer than handlerTimeoutMs.',
    unit: '{turn}',
    labels: ['service', 'handler'],
  },
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

export type MetricName = keyof typeof METRICS;
type NameOf<T extends MetricDefinition['type']> = {
  [K in MetricName]: (typeof METRICS)[K]['type'] extends T ? K : never;
}[MetricName];
/** Names of the counters in `METRICS`. */
export type CounterName = NameOf<'counter'>;
/** Names of the gauges in `METRICS`. */
export type GaugeName = NameOf<'gauge'>;
/** Names of the histograms in `METRICS`. */
export type HistogramName = NameOf<'histogram'>;

/**
 * Upper bounds of the histograms' buckets in seconds, from a handler that only sends up to the default of
 * `handlerTimeoutMs`.
 */
export const DURATION_BUCKETS: readonly number[] = [
  0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
