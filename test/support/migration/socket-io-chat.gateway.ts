import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';

@WebSocketGateway()
export class SocketIoChatGateway implements OnGatewayConnection {
  @WebSocketServer() private readonly server!: Server;

  async handleConnection(socket: Socket) {
    await socket.join(String(socket.handshake.query.room));
  }

  @SubscribeMessage('say')
  say(@ConnectedSocket() socket: Socket, @MessageBody() text: string) {
    this.server.to(String(socket.handshake.query.room)).emit('said', text);
    return 'ok'; // the acknowledgement
  }
}
