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

/** Creates the controller of the page. Each module needs its own class, since the path is metadata of the class. */
export function createPrometheusController(path: string, contentType: string): Type {
  @UseGuards(PrometheusGuard)
  @Controller({ path, version: VERSION_NEUTRAL })
  class JamsocketPrometheusController {
    constructor(private readonly metrics: PrometheusMetrics) {}

    @Get()
    @Header('Content-Type', contentType)
    @Header('Cache-Control', 'no-store')
    page(): Promise<string> {
      return this.metrics.registry.metrics();
    }
  }
  hideFromSwagger(JamsocketPrometheusController);
  return JamsocketPrometheusController;
}
