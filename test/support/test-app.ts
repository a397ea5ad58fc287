import { it } from '@jest/globals';
import { Module, type INestApplication, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { JamsocketClock, JamsocketModule, type JamsocketOptions } from 'nestjs-jamsocket';
import type { AddressInfo, Socket } from 'node:net';
import { JamsocketGateway } from '../../libs/jamsocket/src/gateway/jamsocket.gateway.js';
import { twoNodes } from './two-nodes.js';
import { twoWorkers } from './two-workers.js';

/** The HTTP adapter of an application, and other WebSocket servers in it. */
export interface Host {
  readonly platform: 'express' | 'fastify';
  readonly beside: 'nothing' | 'ws gateway' | 'socket.io gateway';
}

export const EXPRESS_ALONE: Host = { platform: 'express', beside: 'nothing' };

/** Set by the spec that runs others again without the fast path. */
export const isFastPathOff = process.env.TEST_FAST_PATH === 'off';

/** Set by the specs that run others again with every client on another node than its room: how the nodes reach each other. */
const elsewhere = process.env.TEST_CLUSTER as 'on' | 'workers' | 'workers relay' | undefined;
const areClientsElsewhere = elsewhere !== undefined;

/** For what a test sees only if clients and rooms are in one process: async contexts, or the providers of one application. */
export const itOnOneNode = areClientsElsewhere ? it.skip : it;

/** Every combination of hosts: the promises are tested on each of them. */
export const HOSTS: readonly Host[] =
  isFastPathOff || areClientsElsewhere
    ? [EXPRESS_ALONE]
    : (['express', 'fastify'] as const).flatMap((platform) =>
        (['nothing', 'ws gateway', 'socket.io gateway'] as const).map((beside) => ({ platform, beside })),
      );

export interface TestAppOptions {
  readonly host?: Host;
  readonly options?: JamsocketOptions;
  /** Room services and their dependencies. */
  readonly providers?: Provider[];
  readonly controllers?: Type[];
  readonly imports?: ModuleMetadata['imports'];
  /** Runs before the application is initialised, as a main.ts would: `app.useGlobalPipes(…)`. */
  readonly configure?: (app: INestApplication) => void;
  /** Whether Nest itself cuts remaining connections when the application closes. Default `true`. */
  readonly forceCloseConnections?: boolean;
  /** Replaces the real clock, for waits that are too long for a test. Sockets stay real. */
  readonly clock?: JamsocketClock;
  /** Serves over TLS. */
  readonly https?: { readonly key: string; readonly cert: string };
}

export interface TestApp {
  /** The application that has the rooms. */
  readonly app: INestApplication;
  /** The application that has the sockets of the clients: another one if every client is on another node. */
  readonly edge: INestApplication;
  /** `ws://127.0.0.1:12345` */
  readonly ws: string;
  /** `http://127.0.0.1:12345` */
  readonly http: string;
  close(): Promise<void>;
}

/** Path of the ws gateway beside the rooms. */
export const WS_GATEWAY_PATH = '/plain';

@WebSocketGateway({ path: WS_GATEWAY_PATH })
class PlainGateway {
  @SubscribeMessage('ping')
  ping(@MessageBody() data: unknown) {
    return { event: 'pong', data };
  }
}

@WebSocketGateway()
class SocketIoGateway {
  @SubscribeMessage('ping')
  ping(@MessageBody() data: unknown) {
    return data;
  }
}

/**
 * Calls `listener` with the server's end of each client that comes, in the application that lets it in: the one with the rooms
 * if the socket is handed over.
 */
export function onSocket({ app, edge }: TestApp, listener: (socket: Socket) => void): void {
  for (const each of [app, edge]) each.get(JamsocketGateway).onClient = (_client, socket) => listener(socket as Socket);
}

/** Starts an application with rooms on port 0. Close it when the test is over. */
export async function startTestApp(test: TestAppOptions): Promise<TestApp> {
  if (!areClientsElsewhere || test.options?.cluster !== undefined) return startOneApp(test);
  const nodes = elsewhere === 'on' ? twoNodes() : await twoWorkers(elsewhere === 'workers');
  const { owner, edge } = nodes;
  const started = await startOneApp({ ...test, options: { ...test.options, cluster: owner } });
  try {
    const other = await startOneApp({ ...test, options: { ...test.options, cluster: edge } });
    return {
      ...started,
      ws: other.ws,
      edge: other.app,
      close: async () => {
        await started.close();
        await other.close();
        if ('close' in nodes) nodes.close();
      },
    };
  } catch (error) {
    await started.close();
    throw error;
  }
}

async function startOneApp(test: TestAppOptions): Promise<TestApp> {
  const { platform, beside } = test.host ?? EXPRESS_ALONE;
  const gateways = beside === 'ws gateway' ? [PlainGateway] : beside === 'socket.io gateway' ? [SocketIoGateway] : [];

  const options = isFastPathOff ? { coalesce: false, ...test.options } : test.options;

  @Module({
    imports: [JamsocketModule.forRoot(options), ...(test.imports ?? [])],
    controllers: test.controllers ?? [],
    providers: [...(test.providers ?? []), ...gateways],
  })
  class TestModule {}

  const builder = Test.createTestingModule({ imports: [TestModule] });
  if (test.clock !== undefined) builder.overrideProvider(JamsocketClock).useValue(test.clock);
  const module = await builder.compile();
  const adapter =
    platform === 'express' ? new ExpressAdapter() : new FastifyAdapter(test.https && { https: test.https });
  const app: INestApplication = module.createNestApplication(adapter as ExpressAdapter, {
    logger: false,
    httpsOptions: test.https,
    forceCloseConnections: test.forceCloseConnections ?? true,
  });
  if (beside === 'ws gateway') app.useWebSocketAdapter(new WsAdapter(app));
  if (beside === 'socket.io gateway') app.useWebSocketAdapter(new IoAdapter(app));
  test.configure?.(app);
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close().catch(() => undefined);
    throw error;
  }
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  const secure = test.https === undefined ? '' : 's';
  const host = `127.0.0.1:${port}`;
  return { app, edge: app, ws: `ws${secure}://${host}`, http: `http${secure}://${host}`, close: () => app.close() };
}
