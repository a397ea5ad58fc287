import {
  Controller,
  Param,
  RequestMapping,
  RequestMethod,
  Res,
  UseGuards,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ServiceDefinition, ServiceDefinitions } from '../discovery/definitions.js';
import type { ResolvedOptions } from '../options/resolved.js';
import { JamsocketRooms } from '../rooms/jamsocket-rooms.js';
import type { RoomName } from '../members/room-address.js';
import { HttpRoutesGuard } from './http-routes.guard.js';

/** What a route method is called with, and on. */
type RouteMethod = (this: RouteHost, params: Record<string, string>, response: unknown) => Promise<string>;

interface RouteHost {
  readonly rooms: JamsocketRooms;
  readonly adapterHost: HttpAdapterHost;
}

/**
 * A controller of our HTTP routes. Each module has a class of its own, since its paths are only known once the
 * options are: `mountRoutes` writes them on it before Nest's router reads them.
 */
export function createHttpController(): Type {
  @UseGuards(HttpRoutesGuard)
  @Controller()
  class JamsocketHttpController implements RouteHost {
    constructor(
      readonly rooms: JamsocketRooms,
      readonly adapterHost: HttpAdapterHost,
    ) {}
  }
  return JamsocketHttpController;
}

/** `GET /status`, `POST /new_room`, `POST /new_room/<service>` and `POST <path>/…/:room`. */
export function mountRoutes(controller: Type, options: ResolvedOptions, definitions: ServiceDefinitions): void {
  if (options.http === false) return;
  Controller({ path: options.http.prefix || '/', version: VERSION_NEUTRAL })(controller);
  addRoute(controller, 'status', RequestMethod.GET, '/status', () => Promise.resolve('ok'));
  for (const [at, definition] of definitions.all.entries()) {
    const suffix = definition.service === 'default' ? '' : `/${definition.service}`;
    if (definition.paramNames.length === 1) {
      addRoute(controller, `newRoom${at}`, RequestMethod.POST, `/new_room${suffix}`, (rooms) =>
        createRoom(rooms, definition),
      );
    }
    const path = options.path + definition.template.toString();
    addRoute(controller, `createRoom${at}`, RequestMethod.POST, path, (rooms, params) =>
      createRoom(rooms, definition, params),
    );
  }
}

function addRoute(
  controller: Type,
  name: string,
  method: RequestMethod,
  path: string,
  answer: (rooms: JamsocketRooms, params: Record<string, string>) => Promise<string>,
): void {
  const route: RouteMethod = async function (params, response) {
    const text = await answer(this.rooms, params);
    this.adapterHost.httpAdapter.setHeader(response, 'Content-Type', 'text/plain; charset=utf-8');
    return text;
  };
  const prototype = controller.prototype as object;
  const descriptor: PropertyDescriptor = { value: route, writable: true, configurable: true };
  Object.defineProperty(prototype, name, descriptor);
  RequestMapping({ path, method })(prototype, name, descriptor);
  Param()(prototype, name, 0);
  Res({ passthrough: true })(prototype, name, 1);
}

async function createRoom(rooms: JamsocketRooms, definition: ServiceDefinition, name?: RoomName): Promise<string> {
  return (await rooms.createIn(definition, name)).roomId;
}
