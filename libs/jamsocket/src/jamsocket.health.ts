import type { JamsocketGateway } from './gateway/jamsocket.gateway.js';
import type { RoomRegistry } from './rooms/room-registry.js';

/** Has the form of `HealthIndicatorResult` of `@nestjs/terminus`; that package is optional. */
export type JamsocketHealthResult<Key extends string = string> = Record<
  Key,
  { readonly status: 'up' | 'down'; readonly rooms: number; readonly clients: number }
>;

/**
 * Whether the application takes new clients, as a health indicator for `@nestjs/terminus`:
 * `health.check([() => jamsocketHealth.isHealthy()])`. The status is `down` as soon as a shutdown begins, so that a load
 * balancer sends no more clients while the rooms drain.
 */
export class JamsocketHealth {
  /** @internal */
  constructor(
    private readonly gateway: JamsocketGateway,
    private readonly registry: RoomRegistry,
  ) {}

  /** @param key name of the entry in the health check's result */
  isHealthy<Key extends string = 'jamsocket'>(key = 'jamsocket' as Key): JamsocketHealthResult<Key> {
    const rooms = this.registry.list();
    const clients = rooms.reduce((sum, room) => sum + room.members.clients.size, 0);
    const status = this.gateway.isDraining ? 'down' : 'up';
    return { [key]: { status, rooms: rooms.length, clients } } as JamsocketHealthResult<Key>;
  }
}
