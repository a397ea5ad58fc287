import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type NestModule,
  type Type,
} from '@nestjs/common';
import { withLateRoutes } from '../http/late-routes.js';
import { RouteClashes } from '../http/route-clashes.js';
import { createInspectorController, mountInspector } from './inspector.controller.js';
import { InspectorGuard } from './inspector.guard.js';
import {
  INSPECTOR_OPTIONS,
  resolveInspectorOptions,
  type JamsocketInspectorOptions,
  type ResolvedInspectorOptions,
} from './inspector-options.js';
import { InspectorStreams } from './inspector-streams.js';
import { PageFiles } from './page-files.js';
import { RoomActions } from './room-actions.js';
import { RoomDirectory } from './room-directory.js';
import { SiblingPages } from './siblings/sibling-pages.js';

const INSPECTOR_ROUTES = Symbol('JAMSOCKET_INSPECTOR_ROUTES');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<JamsocketInspectorOptions>({
  moduleName: 'JamsocketInspector',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createJamsocketInspectorOptions')
  .setExtras({}, (definition) =>
    withLateRoutes(
      definition,
      INSPECTOR_ROUTES,
      createInspectorController(),
      [INSPECTOR_OPTIONS],
      (controller, { path }: ResolvedInspectorOptions) => mountInspector(controller, path),
    ),
  )
  .build();

/**
 * A page that shows the activity in the rooms, at `/inspector`. Import it beside `JamsocketModule`:
 * `JamsocketInspectorModule.forRoot({ guards: [AdminGuard] })`, or `forRootAsync(…)`.
 * @throws JamsocketConfigurationError at boot for bad options, and in production if there are no guards
 */
@Module({
  providers: [
    { provide: INSPECTOR_OPTIONS, inject: [MODULE_OPTIONS_TOKEN], useFactory: resolveInspectorOptions },
    InspectorGuard,
    InspectorStreams,
    PageFiles,
    RoomActions,
    RoomDirectory,
    SiblingPages,
  ],
})
export class JamsocketInspectorModule extends ConfigurableModuleClass implements NestModule {
  constructor(
    @Inject(RouteClashes) private readonly clashes: RouteClashes,
    @Inject(INSPECTOR_ROUTES) private readonly routes: Type,
  ) {
    super();
  }

  /** Nest calls this before it registers any route. */
  configure(): void {
    this.clashes.refuse(
      this.routes,
      'JamsocketInspectorModule',
      "Move the page with the option path: '/rooms-inspector'.",
    );
  }

  /**
   * The module, for `imports` of the root module.
   * @param options `guards` is mandatory if `NODE_ENV` is `production`
   * @throws JamsocketConfigurationError at boot, if an option is invalid or guards are missing in production
   */
  static override forRoot(options: JamsocketInspectorOptions = {}): DynamicModule {
    return super.forRoot(options);
  }
}
