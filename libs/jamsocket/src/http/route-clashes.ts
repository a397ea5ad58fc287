import { RequestMethod, VersioningType, VERSION_NEUTRAL, type Type, type VersioningOptions } from '@nestjs/common';
import {
  HOST_METADATA,
  METHOD_METADATA,
  MODULE_PATH,
  PATH_METADATA,
  VERSION_METADATA,
} from '@nestjs/common/constants.js';
import { MetadataScanner, type ApplicationConfig, type HttpAdapterHost, type ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import { JamsocketConfigurationError } from '../base/errors.js';
import { hides, segmentsOf, type RoutePattern } from './route-pattern.js';

interface Route extends RoutePattern {
  readonly controller: Type;
  /** For the error: `StatusController.status()`. */
  readonly name: string;
  readonly path: string;
}

type Version = string | typeof VERSION_NEUTRAL | readonly (string | typeof VERSION_NEUTRAL)[] | undefined;

const scanner = new MetadataScanner();

/**
 * Finds routes of the application that clash with routes of our controllers. Express silently uses the first of two, and
 * Fastify refuses the second with an error that names neither class.
 */
export class RouteClashes {
  readonly #paths: RoutePathFactory;

  constructor(
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.#paths = new RoutePathFactory(config);
  }

  /**
   * Call it from `configure` of a module: then the application's prefix and versions are set, and no route is registered.
   * @param where beginning of the error message, such as `JamsocketModule`
   * @param cure end of the error message
   * @throws JamsocketConfigurationError
   */
  refuse(controller: Type, where: string, cure: string): void {
    const routes = [...this.modules.values()].flatMap((module) => this.#routesOf(module));
    const isOurs = (route: Route) => route.controller === controller;
    for (const [at, ours] of routes.entries()) {
      if (!isOurs(ours)) continue;
      const rival =
        routes.find((other, place) => !isOurs(other) && this.#clash(ours, other, at < place))?.name ??
        (this.#isRaw(ours) ? 'a route that was registered without Nest' : undefined);
      if (rival === undefined) continue;
      throw new JamsocketConfigurationError(
        `${where}: its route ${RequestMethod[ours.method]} ${ours.path} clashes with ${rival}. ${cure}`,
      );
    }
  }

  #clash(ours: Route, other: Route, isFirst: boolean): boolean {
    // In Express the order decides. Fastify uses the more specific route and refuses equal ones.
    if (!this.#isFastify) return isFirst ? hides(ours, other) : hides(other, ours);
    return hides(ours, other) && hides(other, ours);
  }

  get #isFastify(): boolean {
    return this.adapterHost.httpAdapter?.getType() === 'fastify';
  }

  /** Whether the path was registered without a controller: `app.getHttpAdapter().get('/status', …)`. */
  #isRaw(ours: Route): boolean {
    const server = this.adapterHost.httpAdapter?.getInstance<RawServer>();
    const method = RequestMethod[ours.method];
    if (typeof server?.hasRoute === 'function') return server.hasRoute({ method, url: ours.path });
    const layers = server?.router?.stack ?? [];
    return layers.some(({ route }) => {
      if (typeof route?.path !== 'string' || !route.methods?.[method.toLowerCase()]) return false;
      return hides({ method: ours.method, segments: segmentsOf(route.path), isSelective: false }, ours);
    });
  }

  #routesOf({ controllers, metatype }: Module): Route[] {
    const modulePath = (Reflect.getMetadata(MODULE_PATH + this.modules.applicationId, metatype) ??
      Reflect.getMetadata(MODULE_PATH, metatype)) as string | undefined;
    return [...controllers.values()].flatMap((wrapper) => this.#routesIn(wrapper.metatype as Type, modulePath));
  }

  #routesIn(controller: Type, modulePath: string | undefined): Route[] {
    const prototype = controller.prototype as Record<string, object>;
    const versioning = this.config.getVersioning();
    const controllerVersion =
      versioning && ((Reflect.getMetadata(VERSION_METADATA, controller) ?? versioning.defaultVersion) as Version);
    const isForHost = !this.#isFastify && Reflect.getMetadata(HOST_METADATA, controller) !== undefined;
    return scanner.getAllMethodNames(prototype).flatMap((name) => {
      const paths = listed(Reflect.getMetadata(PATH_METADATA, prototype[name]));
      const method = Reflect.getMetadata(METHOD_METADATA, prototype[name]) as RequestMethod;
      const methodVersion = Reflect.getMetadata(VERSION_METADATA, prototype[name]) as Version;
      const isSelective = isForHost || isByHeader(versioning, methodVersion ?? controllerVersion);
      return listed(Reflect.getMetadata(PATH_METADATA, controller)).flatMap((ctrlPath) =>
        paths.flatMap((methodPath) => {
          const globalPrefix = this.config.getGlobalPrefix();
          const metadata = {
            ctrlPath,
            methodPath,
            modulePath,
            globalPrefix,
            controllerVersion,
            methodVersion,
            versioningOptions: versioning,
          };
          return this.#paths.create(metadata as Parameters<RoutePathFactory['create']>[0], method).map((path) => ({
            controller,
            name: `${controller.name}.${name}()`,
            method,
            path,
            segments: segmentsOf(path),
            isSelective,
          }));
        }),
      );
    });
  }
}

/** How to find a route in Fastify (`hasRoute`) and in Express (`router`). */
interface RawServer {
  hasRoute?(route: { method: string; url: string }): boolean;
  readonly router?: {
    readonly stack?: readonly {
      readonly route?: { readonly path: unknown; readonly methods?: Record<string, boolean> };
    }[];
  };
}

function listed(paths: unknown): string[] {
  return paths === undefined ? [] : ([paths].flat() as string[]);
}

/** Whether only a header selects the version. With versions in the URI the paths differ anyway. */
function isByHeader(versioning: VersioningOptions | undefined, version: Version): boolean {
  if (versioning === undefined || versioning.type === VersioningType.URI || version === undefined) return false;
  return !([version].flat() as unknown[]).includes(VERSION_NEUTRAL);
}
