import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { AppModule } from '../../src/app.module.js';
import { ClientScript } from '../../src/client-script.js';
import type { TestApp } from './test-app.js';

/** Starts the demo application. A port of its own is chosen unless one is asked for, and the client is the built one. */
export async function startDemo(port = 0, client?: ClientScript): Promise<TestApp & { port: number }> {
  const building = Test.createTestingModule({ imports: [AppModule] });
  if (client) building.overrideProvider(ClientScript).useValue(client);
  const module = await building.compile();
  const app: INestApplication = module.createNestApplication({ logger: false, forceCloseConnections: true });
  await app.listen(port, '127.0.0.1');
  const address = (app.getHttpServer() as { address(): AddressInfo }).address();
  const host = `127.0.0.1:${address.port}`;
  return { app, port: address.port, ws: `ws://${host}`, http: `http://${host}`, close: () => app.close() };
}
