import {
  Controller,
  Get,
  Header,
  Inject,
  Injectable,
  UseGuards,
  VERSION_NEUTRAL,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { runListedGuards } from '../http/listed-guards.js';
import { hideFromSwagger } from '../http/swagger.js';
import { Siblings } from '../node/siblings.js';
import { metricsOfAll } from './metrics-of-all.js';
import { PrometheusMetrics } from './prometheus-metrics.js';
import { PROMETHEUS_OPTIONS, type JamsocketPrometheusOptions } from './prometheus-options.js';

/** Runs the guards of the option `guards`. */
@Injectable()
export class PrometheusGuard implements CanActivate {
  constructor(
    @Inject(PROMETHEUS_OPTIONS) private readonly options: JamsocketPrometheusOptions,
    private readonly moduleRef: ModuleRef,
  ) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    return runListedGuards(this.options.guards ?? [], context, this.moduleRef);
  }
}

/** Creates the controller of the page. Each module needs its own class: `mountPage` adds the path, which is an option. */
export function createPrometheusController(): Type {
  @UseGuards(PrometheusGuard)
  @Controller()
  class JamsocketPrometheusController {
    constructor(
      private readonly metrics: PrometheusMetrics,
      @Inject(Siblings) private readonly siblings: Siblings,
    ) {}

    page(): Promise<string> {
      return this.siblings.isOn ? metricsOfAll(this.metrics.registry, this.siblings) : this.metrics.registry.metrics();
    }
  }
  return JamsocketPrometheusController;
}

/** Adds the route, before Nest's router reads it. With `path: false` the controller has none. */
export function mountPage(
  controller: Type,
  options: JamsocketPrometheusOptions,
  { registry }: PrometheusMetrics,
): void {
  const { path = '/metrics' } = options;
  if (path === false) return;
  Controller({ path, version: VERSION_NEUTRAL })(controller);
  const prototype = controller.prototype as object;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'page')!;
  for (const decorate of [Get(), Header('Content-Type', registry.contentType), Header('Cache-Control', 'no-store')])
    decorate(prototype, 'page', descriptor);
  hideFromSwagger(controller);
}
