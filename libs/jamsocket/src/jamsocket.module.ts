import { Global, Inject, Module, type DynamicModule, type NestModule, type Type } from '@nestjs/common';
import { ServiceDefinitions } from './discovery/definitions.js';
import { RESOLVED_OPTIONS } from './http/http-tokens.js';
import { RouteClashes } from './http/route-clashes.js';
import { JamsocketHealth } from './jamsocket.health.js';
import type { JamsocketOptions } from './options/options.js';
import { JamsocketClock, JamsocketRandom } from './base/sources.js';
import { JamsocketObservers } from './observe/jamsocket-observers.js';
import { ClusterNode } from './cluster/cluster-node.js';
import { ThisNode } from './node/this-node.js';
import { JamsocketCluster } from './node/jamsocket-cluster.js';
import { Siblings } from './node/siblings.js';
import { JamsocketRooms } from './rooms/jamsocket-rooms.js';
import { JamsocketStatistics } from './rooms/jamsocket-statistics.js';
import { DURABILITY } from './durable/durability.js';
import { JamsocketContext } from './members/room-context.js';
import { RoomRegistry } from './rooms/room-registry.js';
import { ConfigurableModuleClass, HTTP_ROUTES } from './jamsocket.module-definition.js';
import { PROVIDERS } from './assembly/providers.js';

/**
 * Stateful WebSocket rooms. Import it once, with `JamsocketModule.forRoot(options?)` or `forRootAsync(…)`; every
 * class with `@JamsocketService()` among the application's providers gets its rooms. It is global: `JamsocketContext`
 * and `JamsocketRooms` can be injected everywhere.
 */
@Global()
@Module({
  providers: PROVIDERS,
  exports: [
    JamsocketContext,
    JamsocketRooms,
    JamsocketCluster,
    JamsocketObservers,
    JamsocketStatistics,
    JamsocketHealth,
    JamsocketClock,
    JamsocketRandom,
    // Only for the library's own modules; applications cannot import these tokens.
    RouteClashes,
    Siblings,
    RESOLVED_OPTIONS,
    ServiceDefinitions,
    RoomRegistry,
    DURABILITY,
    ClusterNode,
    ThisNode,
  ],
})
export class JamsocketModule extends ConfigurableModuleClass implements NestModule {
  constructor(
    @Inject(RouteClashes) private readonly clashes: RouteClashes,
    @Inject(HTTP_ROUTES) private readonly routes: Type,
  ) {
    super();
  }

  /** Nest calls this after main.ts has set the global prefix and versioning, before any route is registered. */
  configure(): void {
    const cure = "Move those of the module with http: { prefix: '/rooms' }, or rename the other.";
    this.clashes.refuse(this.routes, 'JamsocketModule', cure);
  }

  /**
   * The module, for `imports` of the root module.
   * @param options apply to all rooms; `@JamsocketService({ … })` overrides some of them for one class
   * @throws JamsocketConfigurationError at boot, if an option is unknown, of the wrong type or out of range
   */
  static override forRoot(options: JamsocketOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
