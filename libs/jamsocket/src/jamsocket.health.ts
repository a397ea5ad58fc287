import type { ClusterNode } from './cluster/cluster-node.js';
import type { Durability } from './durable/durability.js';
import type { JamsocketGateway } from './gateway/jamsocket.gateway.js';
import type { Siblings } from './node/siblings.js';
import type { RoomRegistry } from './rooms/room-registry.js';

/** What the health check says of the rooms. */
export interface JamsocketHealthEntry {
  readonly status: 'up' | 'down';
  readonly rooms: number;
  readonly clients: number;
  /** Whether durable rooms can be saved and opened; missing in an application without a store. */
  readonly store?: 'up' | 'down';
  /** Whether this node has its lease and hears other nodes; missing without a cluster. */
  readonly cluster?: 'up' | 'down';
  /** How many processes have answered; missing if no others share the port. */
  readonly workers?: number;
  /** Why the status is `down`. */
  readonly message?: string;
}

/** Has the form of `HealthIndicatorResult` of `@nestjs/terminus`; that package is optional. */
export type JamsocketHealthResult<Key extends string = string> = Record<Key, JamsocketHealthEntry>;

/** What a process tells its siblings. */
interface OwnHealth {
  readonly isDraining: boolean;
  readonly entry: JamsocketHealthEntry;
}

const CALL = 'health';

/**
 * Whether the application takes new clients, as a health indicator for `@nestjs/terminus`:
 * `health.check([() => jamsocketHealth.isHealthy()])`. The status is `down` as soon as a shutdown begins, so that a load
 * balancer sends no more clients while the rooms drain, while the store of durable rooms fails or does not answer, and while a
 * node of a cluster has no lease or does not hear the others. Of the workers of one machine, each answers for all.
 */
export class JamsocketHealth {
  /** @internal */
  constructor(
    private readonly gateway: JamsocketGateway,
    private readonly registry: RoomRegistry,
    private readonly durability: Durability | null,
    /** `null` without a cluster. */
    private readonly node: Pick<ClusterNode, 'outage'> | null,
    private readonly siblings: Siblings,
  ) {
    siblings.answer(CALL, () => this.#own());
  }

  /**
   * Asks the store nothing: it is judged by its last answers. Workers that do not answer within 2 seconds are left out.
   * @param key name of the entry in the health check's result
   */
  async isHealthy<Key extends string = 'jamsocket'>(key = 'jamsocket' as Key): Promise<JamsocketHealthResult<Key>> {
    const own = this.#own();
    const entry = this.siblings.isOn
      ? together([own, ...((await this.siblings.askAll(CALL)) as readonly OwnHealth[])])
      : own.entry;
    return { [key]: entry } as JamsocketHealthResult<Key>;
  }

  #own(): OwnHealth {
    const rooms = this.registry.list();
    const clients = rooms.reduce((sum, room) => sum + room.members.clients.size, 0);
    const outage = this.durability?.outage;
    const alone = this.node?.outage;
    const { isDraining } = this.gateway;
    const message = isDraining ? 'The application is shutting down.' : (outage ?? alone);
    const entry: JamsocketHealthEntry = {
      status: message === undefined ? 'up' : 'down',
      rooms: rooms.length,
      clients,
      ...(this.durability !== null && { store: outage === undefined ? 'up' : 'down' }),
      ...(this.node !== null && { cluster: alone === undefined ? 'up' : 'down' }),
      ...(message !== undefined && { message }),
    };
    return { isDraining, entry };
  }
}

/** A worker that shuts down while others take clients, as in a reload, takes nothing from the machine's health. */
function together(all: readonly OwnHealth[]): JamsocketHealthEntry {
  const staying = all.filter(({ isDraining }) => !isDraining);
  const judged = (staying.length > 0 ? staying : all).map(({ entry }) => entry);
  const worst = judged.find(({ status }) => status === 'down') ?? judged[0];
  const sum = (count: 'rooms' | 'clients') => all.reduce((total, { entry }) => total + entry[count], 0);
  const stateOf = (part: 'store' | 'cluster') => judged.find((entry) => entry[part] === 'down')?.[part] ?? worst[part];
  const [store, cluster] = [stateOf('store'), stateOf('cluster')];
  return {
    status: worst.status,
    rooms: sum('rooms'),
    clients: sum('clients'),
    ...(store !== undefined && { store }),
    ...(cluster !== undefined && { cluster }),
    workers: all.length,
    ...(worst.message !== undefined && { message: worst.message }),
  };
}
