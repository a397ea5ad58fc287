import type { MetricDefinition } from '../metric-definition.js';

/** Rooms, their clients, messages and handlers. */
export const ROOM_METRICS = {
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
} as const satisfies Readonly<Record<string, MetricDefinition>>;
