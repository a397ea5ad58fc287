import type { ExceptionFilterMetadata } from '@nestjs/common/interfaces/exceptions/exception-filter-metadata.interface.js';
import { selectExceptionFilterMetadata } from '@nestjs/common/utils/select-exception-filter-metadata.util.js';
import type { ApplicationConfig, ContextId, NestContainer } from '@nestjs/core';
import { BaseExceptionFilterContext } from '@nestjs/core/exceptions/base-exception-filter-context.js';

export type BoundFilter = ExceptionFilterMetadata;

/** Exception filters of a handler, the nearest first. Includes global ones, which Nest's context for gateways ignores. */
export class WsFilters extends BaseExceptionFilterContext {
  constructor(
    container: NestContainer,
    private readonly config: ApplicationConfig,
  ) {
    super(container);
  }

  find(
    service: object,
    method: (...args: unknown[]) => unknown,
    module: string,
    contextId?: ContextId,
    inquirerId?: string,
  ): BoundFilter[] {
    this.moduleContext = module;
    return this.createContext<never, BoundFilter[]>(
      service,
      method,
      '__exceptionFilters__',
      contextId,
      inquirerId,
    ).reverse();
  }

  override getGlobalMetadata<T extends unknown[]>(contextId?: ContextId, inquirerId?: string): T {
    const scoped: unknown[] = this.config
      .getGlobalRequestFilters()
      .map((wrapper): unknown =>
        contextId ? wrapper.getInstanceByContextId(this.getContextId(contextId, wrapper), inquirerId)?.instance : null,
      )
      .filter((filter: unknown) => filter !== undefined && filter !== null);
    const global: unknown[] = this.config.getGlobalFilters();
    return [...global, ...scoped] as T;
  }
}

/** The first filter that catches this error. */
export function filterFor(filters: readonly BoundFilter[], error: unknown): BoundFilter | undefined {
  return selectExceptionFilterMetadata<unknown>(filters as BoundFilter[], error);
}
