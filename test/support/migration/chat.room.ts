import { Broadcast, JamsocketContext, JamsocketService, OnMessage, type Client } from 'nestjs-jamsocket';

@JamsocketService('chat') // ws://host/ws/chat/lobby; no adapter, no Map
export class ChatRoom {
  constructor(private readonly ctx: JamsocketContext<{ said: string }>) {}

  @OnMessage('say')
  say(_client: Client, text: string) {
    this.ctx.emit(Broadcast, 'said', text);
    return 'ok';
  }
}
