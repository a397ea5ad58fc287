import type { ClusterNode } from './cluster/cluster-node.js';
import type { Durability } from './durable/durability.js';
import type { JamsocketGateway } from './gateway/jamsocket.gateway.js';
import type { RoomRegistry } from './rooms/room-registry.js';

/** Has the form of `HealthIndicatorResult` of `@nestjs/terminus`; that package is optional. */
export type JamsocketHealthResult<Key extends string = string> = Record<
  Key,
  {
    readonly status: 'up' | 'down';
    readonly rooms: number;
    readonly clients: number;
    /** Whether durable rooms can be saved and opened; missing in an application without a store. */
    readonly store?: 'up' | 'down';
    /** Whether this node has its lease and hears other nodes; missing without a cluster. */
    readonly cluster?: 'up' | 'down';
    /** Why the status is `down`. */
    readonly message?: string;
  }
>;

/**
 * Whether the application takes new clients, as a health indicator for `@nestjs/terminus`:
 * `health.check([() => jamsocketHealth.isHealthy()])`. The status is `down` as soon as a shutdown begins, so that a load
 * balancer sends no more clients while the rooms drain, while the store of durable rooms fails or does not answer, and while a
 * node of a cluster has no lease or does not hear the others.
 */
export class JamsocketHealth {
  /** @internal */
  constructor(
    private readonly gateway: JamsocketGateway,
    private readonly registry: RoomRegistry,
    private readonly durability: Durability | null,
    /** `null` without a cluster. */
    private readonly node: Pick<ClusterNode, 'outage'> | null = null,
  ) {}

  /**
   * Asks the store nothing: it is judged by its last answers.
   * @param key name of the entry in the health check's result
   */
  isHealthy<Key extends string = 'jamsocket'>(key = 'jamsocket' as Key): JamsocketHealthResult<Key> {
    const rooms = this.registry.list();
    const clients = rooms.reduce((sum, room) => sum + room.members.clients.size, 0);
    const outage = this.durability?.outage;
    const alone = this.node?.outage;
    const message = this.gateway.isDraining ? 'The application is shutting down.' : (outage ?? alone);
    const entry: JamsocketHealthResult['key'] = {
      status: message === undefined ? 'up' : 'down',
      rooms: rooms.length,
      clients,
      ...(this.durability !== null && { store: outage === undefined ? 'up' : 'down' }),
      ...(this.node !== null && { cluster: alone === undefined ? 'up' : 'down' }),
      ...(message !== undefined && { message }),
    };
    return { [key]: entry } as JamsocketHealthResult<Key>;
  }
}
