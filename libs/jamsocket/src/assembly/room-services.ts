import type { ClusterNode } from '../cluster/cluster-node.js';
import type { RunPermit } from '../cluster/run-permit.js';
import { ClusterOutbox } from '../owner/cluster-outbox.js';
import { UserIndex } from '../auth/user-index.js';
import { CoalescingOutbox } from '../outbox/coalescing-outbox.js';
import { ImmediateOutbox } from '../outbox/immediate-outbox.js';
import type { TickFlusher } from '../outbox/tick-flusher.js';
import type { ServiceDefinitions } from '../discovery/definitions.js';
import type { ResolvedLimits } from '../options/resolved.js';
import { AddressCounts } from '../base/limits/address-counts.js';
import { SharedPlaces } from '../base/limits/shared-counts.js';
import { RoomOwnership } from '../node/room-ownership.js';
import type { Durability } from '../durable/durability.js';
import type { Link } from '../outbox/link.js';
import type { RoomServices } from '../room/room-services.js';

/** What all rooms of the process share. */
export function roomServices(
  sources: Pick<RoomServices, 'clock' | 'random' | 'timers' | 'observers' | 'ownership' | 'placesKept'>,
  flusher: TickFlusher,
  durability: Durability | null,
): RoomServices {
  const { ownership } = sources;
  const createLocal = outboxes(flusher, ownership?.permit ?? null);
  return {
    ...sources,
    users: new UserIndex(),
    closing: new Set<Link>(),
    flusher,
    isSaved: async ({ service, options }, key) =>
      options.durable && durability !== null ? durability.has({ service, key }) : false,
    createLifecycle: (room, definition) => {
      const { durable } = definition.options;
      return durable && durability !== null ? durability.lifecycleOf(room, durable) : null;
    },
    createOutbox: ownership === null ? createLocal : (...how) => new ClusterOutbox(createLocal(...how)),
  };
}

/** Claims rooms for the node. Limits on rooms hold for all processes of this machine that share the port. */
export function roomOwnership(
  node: ClusterNode,
  limits: ResolvedLimits,
  definitions: ServiceDefinitions,
): RoomOwnership {
  const ofEach = new Map(definitions.all.map(({ service, options }) => [service, options.limits.maxRooms]));
  const max = { ofAll: limits.maxRooms, of: (service: string) => ofEach.get(service) ?? Infinity };
  return new RoomOwnership(node, node.sharedCounts, max);
}

/** Counts the places kept for resume, for the machine if it limits connections. */
export function placesOf(
  node: ClusterNode | null,
  { maxConnections, maxConnectionsPerIp }: ResolvedLimits,
): AddressCounts {
  const counts = node?.sharedCounts ?? null;
  const isOff = maxConnections === Infinity && maxConnectionsPerIp === Infinity;
  return counts === null || isOff ? new AddressCounts() : new SharedPlaces(counts);
}

/** Makes the outboxes of clients whose sockets are here. */
export function outboxes(flusher: TickFlusher, permit: RunPermit | null): RoomServices['createOutbox'] {
  return (coalesce, dropMember) =>
    coalesce ? new CoalescingOutbox(flusher, dropMember) : new ImmediateOutbox(dropMember, permit);
}
