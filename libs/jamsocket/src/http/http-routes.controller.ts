import {
  Controller,
  Param,
  Req,
  RequestMapping,
  RequestMethod,
  Res,
  UseGuards,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import type { ServiceDefinitions } from '../discovery/definitions.js';
import { PathTemplate } from '../discovery/path-template.js';
import type { ResolvedOptions } from '../options/resolved.js';
import { HttpRoutesGuard } from './http-routes.guard.js';
import { RoomCreation } from './room-creation.js';
import { hideFromSwagger } from './swagger.js';

/** Express extends Node's request; Fastify has it in `raw`. */
type Request = IncomingMessage | { readonly raw: IncomingMessage };

/** A method of the controller. */
type RouteMethod = (this: RouteHost, request: Request, response: unknown, ...params: string[]) => Promise<string>;

interface RouteHost {
  readonly creation: RoomCreation;
  readonly adapterHost: HttpAdapterHost;
}

interface Route {
  /** Name of the controller's method. */
  readonly name: string;
  readonly method: RequestMethod;
  readonly path: string;
  /** Parameters of the path, in order. */
  readonly paramNames: readonly string[];
  readonly answer: (
    creation: RoomCreation,
    request: IncomingMessage,
    params: Record<string, string>,
  ) => Promise<string>;
}

/**
 * Creates the controller of our HTTP routes. Each module needs its own class, since the paths depend on its options:
 * `mountRoutes` adds them to the class before Nest's router reads it.
 */
export function createHttpController(): Type {
  @UseGuards(HttpRoutesGuard)
  @Controller()
  class JamsocketHttpController implements RouteHost {
    constructor(
      readonly creation: RoomCreation,
      readonly adapterHost: HttpAdapterHost,
    ) {}
  }
  return JamsocketHttpController;
}

/** `GET /status`, `POST /new_room`, `POST /new_room/<service>` and `POST <path>/…/:room`. */
export function mountRoutes(controller: Type, options: ResolvedOptions, definitions: ServiceDefinitions): void {
  if (options.http === false) return;
  Controller({ path: options.http.prefix || '/', version: VERSION_NEUTRAL })(controller);
  hideFromSwagger(controller, !options.http.swagger);
  for (const route of routesOf(options.path, definitions)) addRoute(controller, route);
}

/** More specific routes first: Express uses the first match. */
function routesOf(prefix: string, definitions: ServiceDefinitions): Route[] {
  const sorted = [...definitions.all].sort((a, b) => PathTemplate.compare(a.template, b.template));
  return [
    { name: 'status', method: RequestMethod.GET, path: '/status', paramNames: [], answer: () => Promise.resolve('ok') },
    ...sorted
      .filter(({ paramNames }) => paramNames.length === 1)
      .map((definition, at): Route => ({
        name: `newRoom${at}`,
        method: RequestMethod.POST,
        path: `/new_room${definition.service === 'default' ? '' : `/${definition.service}`}`,
        paramNames: [],
        answer: (creation, request) => creation.create(request, definition),
      })),
    ...sorted.map((definition, at): Route => ({
      name: `createRoom${at}`,
      method: RequestMethod.POST,
      path: prefix + definition.template.toString(),
      paramNames: definition.paramNames,
      answer: (creation, request, params) => creation.create(request, definition, params),
    })),
  ];
}

function addRoute(controller: Type, { name, method, path, paramNames, answer }: Route): void {
  const route: RouteMethod = async function (request, response, ...values) {
    const params = Object.fromEntries(paramNames.map((param, at) => [param, values[at]]));
    const text = await answer(this.creation, 'raw' in request ? request.raw : request, params);
    this.adapterHost.httpAdapter.setHeader(response, 'Content-Type', 'text/plain; charset=utf-8');
    return text;
  };
  const prototype = controller.prototype as object;
  // @nestjs/swagger finds the parameters by the method's name.
  Object.defineProperty(route, 'name', { value: name });
  const descriptor: PropertyDescriptor = { value: route, writable: true, configurable: true };
  Object.defineProperty(prototype, name, descriptor);
  RequestMapping({ path, method })(prototype, name, descriptor);
  // Last parameter first and with types, as the compiler emits it: @nestjs/swagger depends on that.
  for (const [at, param] of [...paramNames.entries()].reverse()) Param(param)(prototype, name, at + 2);
  Res({ passthrough: true })(prototype, name, 1);
  Req()(prototype, name, 0);
  Reflect.defineMetadata('design:paramtypes', [Object, Object, ...paramNames.map(() => String)], prototype, name);
}
