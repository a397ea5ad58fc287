import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  NotFoundException,
  Param,
  Post,
  Query,
  Req,
  Res,
  ServiceUnavailableException,
  UseGuards,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { hideFromSwagger } from '../http/swagger.js';
import { InspectorStreams } from './inspector-streams.js';
import { InspectorGuard } from './inspector.guard.js';
import { PageFiles } from './page-files.js';
import { RoomActions, type Order } from './room-actions.js';

/** Protects actions from pages of other origins, which cannot send a custom header without a CORS preflight. */
const ACTION_HEADER = 'x-jamsocket-inspector';

const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};
const ALL_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' };

/** The common part of Express' and Fastify's requests. */
interface Request {
  readonly method: string;
  readonly originalUrl: string;
  readonly headers: IncomingHttpHeaders;
}

/** Express extends Node's response; Fastify has it in `raw`. */
type Response = ServerResponse | { readonly raw: ServerResponse; hijack(): void };

/**
 * Creates the controller of the page, its files, its stream and its buttons. Each module needs its own class, since the
 * path depends on its options: `mountInspector` adds it. Answers bypass the application's interceptors, which may wrap
 * the values that routes return.
 */
export function createInspectorController(): Type {
  @UseGuards(InspectorGuard)
  @Controller()
  class JamsocketInspectorController {
    constructor(
      private readonly files: PageFiles,
      private readonly streams: InspectorStreams,
      private readonly actions: RoomActions,
      private readonly adapterHost: HttpAdapterHost,
    ) {}

    @Get()
    async page(@Req() { originalUrl }: Request, @Res() response: Response): Promise<void> {
      this.#answer(response, 200, PAGE_HEADERS, await this.files.page(pathOf(originalUrl)));
    }

    @Get('assets/:file')
    async asset(@Param('file') name: string, @Req() { headers }: Request, @Res() response: Response): Promise<void> {
      const file = await this.files.asset(name);
      if (file === undefined) throw new NotFoundException('The page has no such file.');
      const { type, etag, text } = file;
      const isKnown = headers['if-none-match'] === etag;
      const answer = { 'Content-Type': type, 'Cache-Control': 'no-cache', ETag: etag };
      this.#answer(response, isKnown ? 304 : 200, answer, isKnown ? undefined : text);
    }

    @Get('events')
    events(@Query('room') room: unknown, @Req() { method, headers }: Request, @Res() response: Response): void {
      refuseOtherSites(headers);
      // The answer to HEAD has no body, so a stream would only keep the connection open.
      if (method === 'HEAD') return this.#answer(response, 200, { 'Content-Type': 'text/event-stream' }, undefined);
      if (!this.streams.canOpen)
        throw new ServiceUnavailableException('Too many inspectors are open, or the server is shutting down.');
      if ('hijack' in response) response.hijack();
      this.streams.open('raw' in response ? response.raw : response, typeof room === 'string' ? room : undefined);
    }

    @Post('rooms/:service/:room/close')
    async close(
      @Param('service') service: string,
      @Param('room') room: string,
      @Body() body: unknown,
      @Req() request: Request,
      @Res() response: Response,
    ): Promise<void> {
      await this.#act(request, response, { action: 'close', service, room, body });
    }

    @Post('rooms/:service/:room/move')
    async move(
      @Param('service') service: string,
      @Param('room') room: string,
      @Body() body: unknown,
      @Req() request: Request,
      @Res() response: Response,
    ): Promise<void> {
      await this.#act(request, response, { action: 'move', service, room, body });
    }

    @Post('rooms/:service/:room/clients/:client/kick')
    async kick(
      @Param() { service, room, client }: Record<'service' | 'room' | 'client', string>,
      @Body() body: unknown,
      @Req() request: Request,
      @Res() response: Response,
    ): Promise<void> {
      await this.#act(request, response, { action: 'kick', service, room, client, body });
    }

    async #act(request: Request, response: Response, order: Order): Promise<void> {
      requireOwnPage(request);
      await this.actions.act(order);
      this.#answer(response, 204, {}, undefined);
    }

    #answer(response: Response, status: number, headers: Record<string, string>, body: string | undefined): void {
      const { httpAdapter } = this.adapterHost;
      for (const [name, value] of Object.entries({ ...ALL_HEADERS, ...headers })) {
        httpAdapter.setHeader(response, name, value);
      }
      httpAdapter.reply(response, body, status);
    }
  }
  return JamsocketInspectorController;
}

/** Sets the controller's path, before Nest's router reads it. */
export function mountInspector(controller: Type, path: string): void {
  Controller({ path, version: VERSION_NEUTRAL })(controller);
  hideFromSwagger(controller);
}

function requireOwnPage({ headers }: Request): void {
  refuseOtherSites(headers);
  if (headers[ACTION_HEADER] !== '1') throw new ForbiddenException(`The header ${ACTION_HEADER}: 1 is missing.`);
}

/** An application that allows other origins (CORS) would let their pages use the inspector with the visitor's cookies. */
function refuseOtherSites(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new ForbiddenException('Only the inspector’s own page may ask for this.');
}

/** Path of the page in the browser, including the application's prefix. Two slashes at the start would name another host. */
function pathOf(url: string): string {
  return `/${url.split('?', 1)[0].replace(/^\/+|\/+$/g, '')}`;
}
