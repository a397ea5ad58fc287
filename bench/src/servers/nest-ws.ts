import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
} from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/** A user's rooms on Nest's own gateways: a map of sets. */
class Rooms implements OnGatewayConnection, OnGatewayDisconnect {
  protected readonly rooms = new Map<string, Set<WebSocket>>();
  protected readonly roomOf = new WeakMap<WebSocket, string>();

  handleConnection(client: WebSocket, request: IncomingMessage) {
    const name = new URL(request.url ?? '', 'http://localhost').searchParams.get('room') ?? '';
    this.roomOf.set(client, name);
    const members = this.rooms.get(name) ?? new Set();
    this.rooms.set(name, members.add(client));
  }

  handleDisconnect(client: WebSocket) {
    const name = this.roomOf.get(client) ?? '';
    const members = this.rooms.get(name);
    members?.delete(client);
    if (members?.size === 0) this.rooms.delete(name);
  }

  protected broadcast(sender: WebSocket, data: string, except?: WebSocket) {
    const text = JSON.stringify({ event: 'm', data });
    for (const member of this.rooms.get(this.roomOf.get(sender) ?? '') ?? []) {
      if (member !== except && member.readyState === WebSocket.OPEN) member.send(text);
    }
  }
}

@WebSocketGateway({ path: '/relay' })
class RelayGateway extends Rooms {
  @SubscribeMessage('m')
  message(@ConnectedSocket() client: WebSocket, @MessageBody() data: string) {
    this.broadcast(client, data);
  }
}

@WebSocketGateway({ path: '/except' })
class ExceptGateway extends Rooms {
  @SubscribeMessage('m')
  message(@ConnectedSocket() client: WebSocket, @MessageBody() data: string) {
    this.broadcast(client, data, client);
  }
}

@WebSocketGateway({ path: '/echo' })
class EchoGateway extends Rooms {
  @SubscribeMessage('m')
  message(@MessageBody() data: string) {
    return { event: 'm', data };
  }
}

@WebSocketGateway({ path: '/mixed' })
class MixedGateway extends Rooms {
  @SubscribeMessage('m')
  message(@ConnectedSocket() client: WebSocket, @MessageBody() data: string) {
    if (data.startsWith('d')) return { event: 'm', data };
    this.broadcast(client, data);
    return undefined;
  }
}

@Module({ providers: [RelayGateway, ExceptGateway, EchoGateway, MixedGateway] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
