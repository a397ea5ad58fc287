import type { DynamicModule, InjectionToken, Type } from '@nestjs/common';

/**
 * Adds a controller whose paths come from options, which `forRootAsync` knows only when providers are built: `mount` sets
 * them then, before Nest's router reads them. The controller is a provider under `token`.
 */
export function withLateRoutes<Dependencies extends unknown[]>(
  definition: DynamicModule,
  token: symbol,
  controller: Type,
  inject: InjectionToken[],
  mount: (controller: Type, ...dependencies: Dependencies) => void,
): DynamicModule {
  const useFactory = (...dependencies: Dependencies) => {
    mount(controller, ...dependencies);
    return controller;
  };
  return {
    ...definition,
    controllers: [controller],
    providers: [...(definition.providers ?? []), { provide: token, inject, useFactory }],
  };
}
