import type { ClusterCounts, ClusterReadings } from '../cluster/cluster-counts.js';
import type { JamsocketMetrics } from './jamsocket-metrics.js';
import type { CounterName, GaugeName } from './metric-table.js';

const MS_PER_S = 1000;

/** What is read of this node of the cluster. */
interface MeasuredNode {
  readonly counts: ClusterCounts;
  readonly readings: ClusterReadings;
}

const GAUGES: readonly (readonly [GaugeName, (readings: ClusterReadings) => number])[] = [
  ['clusterNodes', ({ nodes }) => nodes],
  ['leaseAge', ({ leaseAgeMs }) => leaseAgeMs / MS_PER_S],
  ['linksUp', ({ linksUp }) => linksUp],
  ['relayWaitingBytes', ({ waitingBytes }) => waitingBytes],
  ['relayCreditBytes', ({ creditBytes }) => creditBytes],
];

const TOTALS: readonly (readonly [CounterName, (counts: ClusterCounts) => number])[] = [
  ['failovers', ({ failovers }) => failovers],
  ['clusterRoomsLost', ({ roomsLost }) => roomsLost],
  ['suspensions', ({ suspensions }) => suspensions],
  ['leasesLost', ({ leasesLost }) => leasesLost],
  ['relayMessagesSent', ({ links }) => links.framesSent],
  ['relayBytesSent', ({ links }) => links.bytesSent],
  ['relayMessagesReceived', ({ links }) => links.framesReceived],
  ['relayBytesReceived', ({ links }) => links.bytesReceived],
  ['relayGaps', ({ links }) => links.gaps],
  ['relayReconnects', ({ links }) => links.reconnects],
];

/**
 * Registers the metrics of this node of the cluster. All are read when they are collected.
 * @param node `null` without a cluster: its metrics are there, without values
 */
export function meterCluster(metrics: JamsocketMetrics, node: MeasuredNode | null): void {
  for (const [name, read] of GAUGES)
    metrics.gauge(name, () => (node === null ? [] : [{ labels: {}, value: read(node.readings) }]));
  if (node === null) return;
  for (const [name, read] of TOTALS) metrics.total(name, () => [{ labels: {}, value: read(node.counts) }]);
  metrics.total('claims', () => [
    { labels: { outcome: 'granted' }, value: node.counts.claimsGranted },
    { labels: { outcome: 'elsewhere' }, value: node.counts.claimsElsewhere },
    { labels: { outcome: 'failed' }, value: node.counts.claimsFailed },
  ]);
}
