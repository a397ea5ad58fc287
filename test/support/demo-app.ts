import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppModule } from '../../src/app.module.js';
import { ClientScript } from '../../src/client-script.js';
import { DocsSite } from '../../src/docs-site.js';
import { RoomStorage } from '../../src/room-storage.js';
import type { TestApp } from './test-app.js';

export interface DemoOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** The client that the page loads. Default: that of the last `npm run build:client`. */
  readonly client?: ClientScript;
  /** The documentation at /docs/. Default: that of the last `npm run docs`. */
  readonly docs?: DocsSite;
  /** Folder of the durable rooms; it is not removed. Default: a new one, which is removed at the end. */
  readonly dataFolder?: string;
}

/** Starts the demo application. */
export async function startDemo(options: DemoOptions = {}): Promise<TestApp & { port: number }> {
  const dataFolder = options.dataFolder ?? (await newDataFolder());
  const building = Test.createTestingModule({ imports: [AppModule] });
  building.overrideProvider(RoomStorage).useFactory({ factory: () => RoomStorage.from({ DATA_DIR: dataFolder }) });
  if (options.client) building.overrideProvider(ClientScript).useValue(options.client);
  if (options.docs) building.overrideProvider(DocsSite).useValue(options.docs);
  const module = await building.compile();
  const app: INestApplication = module.createNestApplication({ logger: false, forceCloseConnections: true });
  await app.listen(options.port ?? 0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  const host = `127.0.0.1:${port}`;
  const close = async () => {
    await app.close();
    if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true });
  };
  return { app, edge: app, port, ws: `ws://${host}`, http: `http://${host}`, close };
}

/** A folder for durable rooms, for `dataFolder`. Remove it when the test is over. */
export function newDataFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'jamsocket-demo-'));
}
