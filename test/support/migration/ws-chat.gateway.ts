import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
} from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';

@WebSocketGateway({ path: '/chat' }) // ws://host/chat?room=lobby; main.ts sets the WsAdapter
export class WsChatGateway implements OnGatewayConnection, OnGatewayDisconnect {
  private readonly rooms = new Map<string, Set<WebSocket>>();
  private readonly roomOf = new Map<WebSocket, string>();

  handleConnection(client: WebSocket, request: IncomingMessage) {
    const room = new URL(request.url!, 'http://localhost').searchParams.get('room') ?? 'lobby';
    this.roomOf.set(client, room);
    this.rooms.set(room, (this.rooms.get(room) ?? new Set()).add(client));
  }

  handleDisconnect(client: WebSocket) {
    const room = this.roomOf.get(client)!;
    this.roomOf.delete(client);
    this.rooms.get(room)!.delete(client);
    if (this.rooms.get(room)!.size === 0) this.rooms.delete(room);
  }

  @SubscribeMessage('say')
  say(@ConnectedSocket() client: WebSocket, @MessageBody() text: string) {
    const said = JSON.stringify({ event: 'said', data: text });
    for (const other of this.rooms.get(this.roomOf.get(client)!)!) other.send(said);
    return { event: 'say', data: 'ok' };
  }
}
