import type { Provider } from '@nestjs/common';
import { ClusterNode } from '../cluster/cluster-node.js';
import { driverFor } from '../cluster/this-machine.js';
import { JamsocketCluster } from '../node/jamsocket-cluster.js';
import { Siblings } from '../node/siblings.js';
import { ThisNode } from '../node/this-node.js';
import { TickFlusher } from '../outbox/tick-flusher.js';
import { ServiceDefinitions } from '../discovery/definitions.js';
import { RESOLVED_OPTIONS } from '../http/http-tokens.js';
import type { ResolvedOptions } from '../options/resolved.js';
import { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import { LocalPlacement } from '../rooms/local-placement.js';
import { LocalUserCalls } from '../rooms/local-user-calls.js';
import { LocalRoomCalls } from '../rooms/local-room-calls.js';
import { RoomRegistry } from '../rooms/room-registry.js';
import { Durability, DURABILITY } from '../durable/durability.js';
import { outboxes } from './room-services.js';

/** The cluster and this process in it; without a cluster most of them are `null`. */
export const CLUSTER_PROVIDERS: Provider[] = [
  {
    provide: ClusterNode,
    inject: [RESOLVED_OPTIONS, JamsocketClock, JamsocketRandom],
    useFactory: ({ cluster }: ResolvedOptions, clock: JamsocketClock, random: JamsocketRandom) => {
      const driver = driverFor(cluster);
      return driver === undefined ? null : new ClusterNode(driver, clock, random);
    },
  },
  {
    provide: ThisNode,
    inject: [ClusterNode, RoomRegistry, ServiceDefinitions, JamsocketClock, RESOLVED_OPTIONS, DURABILITY],
    useFactory: (
      node: ClusterNode | null,
      registry: RoomRegistry,
      definitions: ServiceDefinitions,
      clock: JamsocketClock,
      { flushIntervalMs, placement }: ResolvedOptions,
      durability: Durability | null,
    ) => {
      if (node === null) return null;
      // What other nodes have sent leaves at once, whether or not this node may run rooms of its own.
      const createOutbox = outboxes(new TickFlusher(flushIntervalMs), null);
      const local = new LocalPlacement(registry);
      const localCalls = new LocalRoomCalls(registry, durability);
      const localUsers = new LocalUserCalls(registry.users);
      return new ThisNode({
        node,
        registry,
        definitions: definitions.all,
        clock,
        local,
        localCalls,
        localUsers,
        placement,
        createOutbox,
      });
    },
  },
  {
    provide: JamsocketCluster,
    inject: [ClusterNode, ServiceDefinitions, RoomRegistry],
    useFactory: (node: ClusterNode | null, definitions: ServiceDefinitions, registry: RoomRegistry) =>
      new JamsocketCluster(node, definitions.byType, (definition, key) => registry.isTaken(definition, key)),
  },
  { provide: Siblings, inject: [ThisNode], useFactory: (node: ThisNode | null) => new Siblings(node) },
];
