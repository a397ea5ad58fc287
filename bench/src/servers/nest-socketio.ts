import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';

@WebSocketGateway({ transports: ['websocket'] })
class RoomsGateway implements OnGatewayConnection {
  @WebSocketServer()
  private readonly server!: Server;

  async handleConnection(client: Socket) {
    const { kind, room } = client.handshake.query;
    client.data = { kind, room: `${String(kind)}/${String(room)}` };
    await client.join(client.data.room as string);
  }

  @SubscribeMessage('m')
  message(@ConnectedSocket() client: Socket, @MessageBody() data: string) {
    const { kind, room } = client.data as { kind: string; room: string };
    if (kind === 'echo' || (kind === 'mixed' && data.startsWith('d'))) return { event: 'm', data };
    if (kind === 'except') client.to(room).emit('m', data);
    else this.server.to(room).emit('m', data);
    return undefined;
  }
}

@Module({ providers: [RoomsGateway] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.useWebSocketAdapter(new IoAdapter(app));
await app.listen(Number(process.env.PORT), '127.0.0.1');
process.stdout.write('ready\n');
