import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { startWorkers } from 'nestjs-jamsocket/workers';
import cluster from 'node:cluster';
import type { Server } from 'node:http';
import { AppModule } from './app.module.js';
import { cutSlowHeaders } from './slow-headers.js';

const DEFAULT_PORT = 3000;

const port = Number(process.env.PORT ?? DEFAULT_PORT);
const { WORKERS } = process.env;
await startWorkers(bootstrap, { workers: WORKERS === 'cores' ? WORKERS : Number(WORKERS || 1) });

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  cutSlowHeaders(app.getHttpServer() as Server);
  await app.listen(port);
  // One worker says it for all.
  if ((cluster.worker?.id ?? 1) === 1) sayWhere();
}

function sayWhere(): void {
  const logger = new Logger('Demo');
  logger.log(`Try the rooms at      http://localhost:${port}/`);
  logger.log(`Documentation         http://localhost:${port}/docs/`);
  for (const path of [
    '/ws/board/:room',
    '/ws/:room (chat)',
    '/ws/counter/:room',
    '/ws/ledger/:room',
    '/ws/relay/:room',
    '/ws/echo/:room',
    '/ws/clock/:room',
    '/ws/cursors/:room',
  ]) {
    logger.log(`A room service is at  ws://localhost:${port}${path}`);
  }
  logger.log(`A room service is at  ws://localhost:${port}/ws/members/:room?token=alice-token`);
  logger.log(`HTTP                  GET http://localhost:${port}/status`);
  logger.log(
    `                      POST http://localhost:${port}/new_room, /new_room/<service>, /ws/:room, /ws/<service>/:room`,
  );
  if (process.env.NODE_ENV !== 'production') logger.log(`Inspector             http://localhost:${port}/inspector`);
  logger.log(`Metrics and health    http://localhost:${port}/metrics, http://localhost:${port}/health`);
}
