import { WsException } from '@nestjs/websockets';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnCreate,
  OnDisconnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { Gate } from './gate.js';

/** Ends the handler of `slow`. */
export const slowGate = { current: new Gate() };

/** A room in which every message changes a metric. */
@JamsocketService('measured')
export class MeasuredRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    if (this.ctx.roomId === 'broken') throw new Error('cannot be made');
  }

  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  message(_client: Client, text: string) {
    if (text === 'wrong') throw new WsException('your mistake');
    if (text === 'bug') throw new Error('our mistake');
    this.ctx.sendMessage(Broadcast, text);
  }

  @OnBinary()
  async binary(_client: Client, bytes: Buffer) {
    await Promise.resolve();
    return bytes;
  }

  @OnMessage('slow')
  async slow() {
    await slowGate.current.opened;
    return 'at last';
  }

  @OnDisconnect()
  disconnect() {}
}
