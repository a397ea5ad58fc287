import { Broadcast, JamsocketContext, JamsocketService, OnBinary, OnMessage, type Client } from 'nestjs-jamsocket';

/** Sends every message on to everyone, including the sender. Enough for y-websocket providers, for example. */
@JamsocketService('relay')
export class RelayRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(_client: Client, text: string) {
    this.ctx.sendMessage(Broadcast, text);
  }

  @OnBinary()
  binary(_client: Client, bytes: Buffer) {
    this.ctx.sendBinary(Broadcast, bytes);
  }
}
