import { Controller, ForbiddenException, Get, Header, Headers, HttpCode, Post, Query } from '@nestjs/common';
import { JamsocketCluster } from 'nestjs-jamsocket';
import cluster from 'node:cluster';
import { SERVICES } from './services.js';

/** Workers that end sooner than 10 s after their start count as a crash loop: do not end the next one before. */
const PAUSE_MS = 12_000;

/**
 * Lets a visitor kill the process that has a room, to see what that does. Only where the primary of `startWorkers` starts
 * another one, and never in production.
 */
@Controller('kill')
export class KillController {
  private lastAt = -Infinity;

  constructor(private readonly cluster: JamsocketCluster) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  isPossible() {
    return { isPossible: canKill() };
  }

  /** @returns the name of the process that was killed with SIGKILL, or why none was */
  @Post()
  @HttpCode(200)
  async kill(
    // Other sites cannot send it: the browser would have to ask first, and gets no answer.
    @Headers('x-demo') demo?: string,
    @Query('service') service?: string,
    @Query('room') room?: string,
  ): Promise<{ killed: string } | { message: string }> {
    if (!canKill() || demo !== 'kill') throw new ForbiddenException('This process cannot be killed from outside.');
    const waitMs = PAUSE_MS - Math.min(process.uptime() * 1_000, performance.now() - this.lastAt);
    if (waitMs > 0) return { message: `The processes have just started. Try again in ${Math.ceil(waitMs / 1_000)} s.` };
    const { name } = await this.ownerOf(service, room);
    this.lastAt = performance.now();
    // After the answer, if it is this process.
    setTimeout(() => process.kill(pidOf(name), 'SIGKILL'), 50);
    return { killed: name };
  }

  private async ownerOf(service = '', room = '') {
    const { self } = this.cluster;
    const type = SERVICES.get(service);
    // With Redis the room may be on another machine, where nothing is to be killed from here.
    if (process.env.REDIS_URL || type === undefined || room === '') return self;
    return (await this.cluster.ownerOf(type, room)) ?? self;
  }
}

/** The name of a process is its host and its id. */
function pidOf(name: string): number {
  return Number(/:(\d+)$/.exec(name)![1]);
}

function canKill(): boolean {
  return cluster.isWorker && process.env.NODE_ENV !== 'production';
}
