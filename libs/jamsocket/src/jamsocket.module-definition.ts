import { ConfigurableModuleBuilder } from '@nestjs/common';
import { ServiceDefinitions } from './discovery/definitions.js';
import { createHttpController, mountRoutes } from './http/http-routes.controller.js';
import { RESOLVED_OPTIONS } from './http/http-tokens.js';
import { withLateRoutes } from './http/late-routes.js';
import type { JamsocketOptions } from './options/options.js';

/** The controller of the HTTP routes. */
export const HTTP_ROUTES = Symbol('JAMSOCKET_HTTP_ROUTES');

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<JamsocketOptions>({
  moduleName: 'Jamsocket',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createJamsocketOptions')
  .setExtras({}, (definition) =>
    withLateRoutes(
      definition,
      HTTP_ROUTES,
      createHttpController(),
      [RESOLVED_OPTIONS, ServiceDefinitions],
      mountRoutes,
    ),
  )
  .build();
