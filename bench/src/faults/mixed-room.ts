import { Interval } from '@nestjs/schedule';
import {
  Broadcast,
  everyoneExcept,
  JamsocketContext,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { setTimeout as sleep } from 'node:timers/promises';
import { counts, mixed } from './counts.js';

const HANDLER_TIMEOUT_MS = 300;
const BEAT_MS = 1_000;
const MOMENT_MS = 2;
/** More than the operating system buffers and `maxBufferedBytes` allows. */
const FILL_PIECES = 256;
const FILL = 'f'.repeat(64 * 1024);
const FAILING_EVERY = 7;

/** Handlers of every kind, including failing ones. */
@JamsocketService({ path: 'mixed', handlerTimeoutMs: HANDLER_TIMEOUT_MS })
export class MixedRoom {
  private readonly here = new Set<number>();

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    if (this.here.has(client.id)) counts.twice++;
    this.here.add(client.id);
    counts.connects++;
    client.sendMessage('welcome');
  }

  @OnMessage()
  message(client: Client, text: string): unknown {
    mixed.texts++;
    switch (text.split(' ', 1)[0]) {
      case 'fill':
        return this.fill(client);
      case 'throw':
        return this.fail(new Error('a handler throws'));
      case 'oddly':
        return this.fail('what is no Error');
      case 'reject':
        return sleep(MOMENT_MS).then(() => this.fail(new Error('a handler rejects')));
      case 'hang':
        mixed.hangs++;
        return new Promise(() => undefined);
      case 'wait':
        return sleep(MOMENT_MS, 'waited');
      case 'timer':
        return this.ctx.setTimer(50, text.endsWith('b') ? 'b' : undefined);
      default:
        return this.ctx.sendMessage(Broadcast, text);
    }
  }

  @OnMessage('move')
  move(client: Client, data: unknown) {
    mixed.events++;
    mixed.volatiles++;
    this.ctx.emit(everyoneExcept(client), 'moved', data, { volatile: true });
    return { event: 'moving', data };
  }

  @OnBinary()
  binary(_client: Client, bytes: Buffer) {
    mixed.binaries++;
    this.ctx.sendBinary(Broadcast, bytes);
  }

  @OnTimer()
  ring() {
    mixed.timers++;
    this.ctx.sendMessage(Broadcast, 'ring');
  }

  @OnTimer('b')
  ringOddly() {
    mixed.timers++;
    this.fail(new Error('a timer throws'));
  }

  @Interval(BEAT_MS)
  beat() {
    this.ctx.sendMessage(Broadcast, 'beat', { volatile: true });
  }

  @OnDisconnect()
  disconnect(client: Client) {
    if (!this.here.delete(client.id)) counts.twice++;
    counts.disconnects++;
    if (client.closed?.reason === 'heartbeat timeout') mixed.cutAsSilent++;
    if (client.closed?.code === 1013) mixed.closedAsSlow++;
    if (client.id % FAILING_EVERY === 0) this.fail(new Error('a disconnect throws'));
  }

  @OnDestroy()
  async destroy() {
    await sleep(MOMENT_MS);
    if (this.ctx.roomId.endsWith('7')) this.fail(new Error('a destroy throws'));
  }

  private fill(client: Client): void {
    for (let piece = 0; piece < FILL_PIECES && client.isConnected; piece++) client.sendMessage(FILL);
  }

  private fail(error: unknown): never {
    mixed.failures++;
    throw error;
  }
}
