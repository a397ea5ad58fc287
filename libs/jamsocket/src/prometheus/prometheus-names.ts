import type { MetricName } from '../metrics/metric-table.js';

/**
 * Names after the prefix, by https://prometheus.io/docs/practices/naming/: base units, plural, counters end in `_total`.
 */
export const PROMETHEUS_NAMES: Readonly<Record<MetricName, string>> = {
  rooms: 'rooms',
  clients: 'clients',
  clientsAway: 'clients_away',
  mailboxEvents: 'mailbox_events',
  bufferedBytes: 'buffered_bytes',
  roomsStarted: 'rooms_started_total',
  roomsFailed: 'rooms_failed_total',
  clientsConnected: 'clients_connected_total',
  clientsDisconnected: 'clients_disconnected_total',
  clientsLost: 'clients_lost_total',
  clientsResumed: 'clients_resumed_total',
  connectionsRefused: 'connections_refused_total',
  messagesReceived: 'messages_received_total',
  bytesReceived: 'messages_received_bytes_total',
  messagesSent: 'messages_sent_total',
  bytesSent: 'messages_sent_bytes_total',
  handlerDuration: 'handler_duration_seconds',
  handlerErrors: 'handler_errors_total',
  handlerTimeouts: 'handler_timeouts_total',
  roomsRestored: 'rooms_restored_total',
  roomsFenced: 'rooms_fenced_total',
  saves: 'room_saves_total',
  savedBytes: 'room_saves_bytes_total',
  gatedRooms: 'gated_rooms',
  gatedBytes: 'gated_bytes',
  gateWait: 'gate_wait_seconds',
  commits: 'store_commits_total',
  commitDuration: 'store_commit_duration_seconds',
  storeErrors: 'store_errors_total',
};

export const DEFAULT_PREFIX = 'jamsocket_';
