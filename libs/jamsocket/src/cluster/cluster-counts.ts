import type { NodeLinks } from './links/node-links.js';
import { LinkCounts } from './links/link-counts.js';
import type { NodeLease } from './lease/node-lease.js';

/** What has happened to this node, from its start. The numbers only grow, also when the node begins anew. */
export class ClusterCounts {
  /** Times that the node had to suspend its rooms. */
  suspensions = 0;
  leasesLost = 0;
  claimsGranted = 0;
  /** Claims of rooms that another node owned. */
  claimsElsewhere = 0;
  claimsFailed = 0;
  /** Rooms that were taken over from a node whose lease had ended. */
  failovers = 0;
  /** Rooms that stopped here since another node owns them, or may own them. */
  roomsLost = 0;
  readonly links = new LinkCounts();
}

/** The state of this node in the cluster at one moment. */
export interface ClusterReadings {
  /** Nodes whose leases are alive, this one included. */
  readonly nodes: number;
  /** Milliseconds since the last confirmed renewal was sent; without one, since the node began to ask for a lease. */
  readonly leaseAgeMs: number;
  readonly linksUp: number;
  /** Bytes that wait until other nodes can take them. */
  readonly waitingBytes: number;
  /** Bytes that other nodes may send to this one and that have not arrived. */
  readonly creditBytes: number;
}

export const NO_READINGS: ClusterReadings = { nodes: 0, leaseAgeMs: 0, linksUp: 0, waitingBytes: 0, creditBytes: 0 };

/** @param sinceMs how long this lease is asked for */
export function readingsOf(lease: NodeLease, links: NodeLinks, sinceMs: number): ClusterReadings {
  return {
    nodes: lease.others.size + (lease.isSuspended ? 0 : 1),
    leaseAgeMs: Math.min(lease.ageMs, sinceMs),
    linksUp: links.all.filter(({ isUp }) => isUp).length,
    waitingBytes: links.all.reduce((bytes, link) => bytes + link.waitingBytes, 0),
    creditBytes: links.pool.promised,
  };
}
